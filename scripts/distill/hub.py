"""What the Hugging Face hub wants to know of a model: the YAML that a model card begins with.

https://huggingface.co/docs/hub/model-cards
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import srsly

# Of the hub's identifiers of licences those that models and texts commonly have.
LICENSES = {
    "afl-3.0",
    "agpl-3.0",
    "apache-2.0",
    "artistic-2.0",
    "bsd-2-clause",
    "bsd-3-clause",
    "cc-by-4.0",
    "cc-by-nc-4.0",
    "cc-by-nc-sa-4.0",
    "cc-by-sa-4.0",
    "cc0-1.0",
    "epl-2.0",
    "eupl-1.2",
    "gpl-2.0",
    "gpl-3.0",
    "isc",
    "lgpl-3.0",
    "mit",
    "mpl-2.0",
    "odbl",
    "openrail",
    "pddl",
    "unlicense",
    "wtfpl",
}
# What spaCy calls a language that is several is a word on the hub.
SEVERAL_LANGUAGES = {"xx": "multilingual", "mul": "multilingual"}
# Keys in metrics.json by the hub's name of a metric, and what people call it.
HUB_METRICS = {
    "accuracy": ("accuracy", "Accuracy"),
    "f1": ("macro_f1", "Macro F1"),
    "roc_auc": ("roc_auc", "ROC AUC"),
    "brier_score": ("brier", "Brier score"),
    "expected_calibration_error": ("ece", "Expected calibration error"),
}


def make_front_matter(full_name: str, meta: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    """Write what the hub reads: language, licence, tags, and the results on test.

    full_name (str): Name of the package.
    meta (Mapping[str, Any]): Fields of its meta.json.
    metrics (Mapping[str, Any]): The content of metrics.json.
    RETURNS (str): YAML, without the lines of dashes around it.
    """
    lang = metrics["lang"]
    fields = {
        "language": [SEVERAL_LANGUAGES.get(lang, lang)],
        **_describe_license(meta["license"]),
        "library_name": "spacy",
        "pipeline_tag": "text-classification",
        "tags": ["spacy", "text-classification", "knowledge-distillation"],
        "model-index": [{"name": full_name, "results": [_list_results(metrics)]}],
    }
    return srsly.yaml_dumps(fields)


def _describe_license(name: str) -> dict[str, str]:
    identifier = name.lower().replace(" ", "-")
    if identifier in LICENSES:
        return {"license": identifier}
    return {"license": "other", "license_name": identifier, "license_link": "LICENSE"}


def _list_results(metrics: Mapping[str, Any]) -> dict[str, Any]:
    source = Path(metrics["data"]["source"])
    model = metrics["models"][metrics["data"]["best_student"]]
    return {
        "task": {"type": "text-classification", "name": f"Text classification ({_task(metrics)})"},
        "dataset": {"type": source.stem, "name": source.name, "split": "test"},
        "metrics": [
            {"type": kind, "value": round(model[key], 4), "name": name}
            for kind, (key, name) in HUB_METRICS.items()
        ],
    }


def _task(metrics: Mapping[str, Any]) -> str:
    return f"{metrics['data']['task']}, {len(metrics['labels'])} labels"
