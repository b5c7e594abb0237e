"""What each criterion weighs in the whole: the one formula of weights.

Sections share the score by their weights, criteria share their section by theirs.
"""

from collections.abc import Iterable, Mapping


def shares(
    section_weights: Mapping[str, float], criteria: Iterable[tuple[str, str, float]]
) -> dict[str, float]:
    """The share of the whole scorecard that each criterion has, 0..1; they sum to 1.

    Args:
        section_weights: By section id.
        criteria: Id, section id and weight of each; one of an unknown section weighs nothing.
    """
    listed = list(criteria)
    all_sections = sum(section_weights.values())
    inside = dict.fromkeys(section_weights, 0.0)
    for _, section, weight in listed:
        if section in inside:
            inside[section] += weight
    return {
        criterion_id: section_weights[section] / all_sections * weight / inside[section]
        if inside.get(section) and all_sections
        else 0.0
        for criterion_id, section, weight in listed
    }
