"""What models are called in metrics.json."""

TEACHER, MEAN = "teacher", "students_mean"
TFIDF, FASTTEXT = "tfidf_logreg", "fasttext"
# What the steps that make them are called, and what names of their models begin with.
STUDENT, BASELINE = "student", "baseline"


def name_model(step: str, architecture: str) -> str:
    """Name a student or baseline.

    step (str): STUDENT or BASELINE.
    architecture (str): Its architecture, such as "cnn".
    RETURNS (str): Such as "student_cnn".
    """
    return f"{step}_{architecture}"


def is_student(name: str) -> bool:
    """Tell a student from other models.

    name (str): A model's name; the mean of students is none.
    RETURNS (bool): Whether it is one.
    """
    return name.startswith(name_model(STUDENT, ""))


def is_baseline(name: str) -> bool:
    """Tell a student's architecture without a teacher from other models.

    name (str): A model's name.
    RETURNS (bool): Whether it is one.
    """
    return name.startswith(name_model(BASELINE, ""))


def get_architecture(name: str) -> str:
    """Take the architecture from a name.

    name (str): A model's name.
    RETURNS (str): Such as "cnn" for "student_cnn" and "baseline_cnn"; other names as they are.
    """
    for step in (STUDENT, BASELINE):
        name = name.removeprefix(name_model(step, ""))
    return name


def twin_of(student: str) -> str:
    """Name the same architecture without a teacher.

    student (str): A student's name.
    RETURNS (str): Such as "baseline_cnn" for "student_cnn".
    """
    return name_model(BASELINE, get_architecture(student))
