from ragcli.rerank import rerank
from ragcli.types import Hit, Scores, Snippet


def hit(id: int, text: str) -> Hit:
    return Hit(
        Snippet(id, f"{id:016x}", id, f"{id}.md", 0, len(text), text, (("text", text),), (1, 1)),
        Scores(None, None, 1.0 / id),
    )


def test_near_copies_of_a_better_hit_go() -> None:
    text = "The keeper winds the clockwork of the lamp every evening before the sun goes down over the bay"
    kept = rerank([hit(1, text), hit(2, text + "."), hit(3, "Paraffin came by boat twice a year")], 5)
    assert [one.snippet.id for one in kept] == [1, 3]


def test_order_is_kept_and_k_limits() -> None:
    hits = [hit(n, f"{word} alone here") for n, word in enumerate(("alpha", "beta", "gamma", "delta"), 1)]
    assert [one.snippet.id for one in rerank(hits, 3)] == [1, 2, 3]


def test_texts_without_terms_are_no_copies_of_everything() -> None:
    assert [one.snippet.id for one in rerank([hit(1, "…"), hit(2, "words here")], 5)] == [1, 2]
