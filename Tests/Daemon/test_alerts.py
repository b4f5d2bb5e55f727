"""Config/alerts.yaml names metrics that the daemon shows."""

import re

import pytest
import yaml

from daemon import ROOT, Daemon, copy_models, free_port
from test_operations import get

RULES = [
    rule
    for group in yaml.safe_load((ROOT / "Config" / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
SELECTOR = re.compile(r"\b((?:vigil|process)_[a-z_]+)(?:\{([^}]*)\})?")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Metrics of a daemon, by families and their label names."""
    models = copy_models(tmp_path_factory.mktemp("alerts"), "er-nr-tree")
    with Daemon(models, http_port=free_port()) as running:
        return get(running, "/metrics")[2].decode()


def test_every_rule_has_what_prometheus_wants():
    assert len(RULES) >= 8
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("page", "ticket") and rule["annotations"]["summary"]
        assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m"))
        assert rule["expr"].count("(") == rule["expr"].count(")")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_metric_of_a_rule_is_shown(page, rule):
    families = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE")}
    used = SELECTOR.findall(rule["expr"])
    assert used
    for name, labels in used:
        assert re.sub("_bucket$", "", name) in families
        for label in re.findall(r"(\w+)=", labels):
            assert re.search(rf"^{name}\{{.*\b{label}=", page, re.MULTILINE), (name, label)


def test_codes_that_a_rule_names_are_codes(page):
    (rule,) = [rule for rule in RULES if rule["alert"] == "VigilRefusals"]
    (codes,) = re.findall(r'code=~"([A-Z_|]+)"', rule["expr"])
    for code in codes.split("|"):
        assert re.search(rf'^vigil_refusals_total\{{.*\bcode="{code}"', page, re.MULTILINE), code
