"""What is said with the tables: what is asked, and what the paper has there."""

from __future__ import annotations

ABOUT = {
    "niah": "One fact in a text, asked at its end: a passkey in repeated sentences, a number and a made-up "
    "word in mixed prose. Trained on at most 512 tokens, asked at one to eight times that.",
    "filler": "Why the number is lost in 4,096 tokens of mixed prose: what the gates do while filler is "
    "read, and what becomes of the answers where one part of the memory is switched off after training, and "
    "in other filler, some of which was never seen in training. “Filler not written”: its tokens are read "
    "but never written. Then the passkey, in repeated sentences and in mixed prose.",
    "ablation": "The same model without one of its parts, trained anew: perplexity on stories, eight facts "
    "asked at 512 tokens, and at 4,096.",
    "depth": "Memories of one matrix and of deeper networks: eight facts at one to eight times the length of "
    "training, how many times as long reading takes as with a linear memory, and how much of the surprise at "
    "filler is left, in the layer where it is least.",
    "babilong": "Where somebody is, where something is, and where it was before: one, two or three sentences "
    "decide it, hidden among others and filler, in up to eight times the length of training. The guess "
    "looks at nothing but the place that was told last.",
    "mqar": "Pairs of words, then all of their first words in another order: how many pairs a memory holds. "
    "Trained on up to 32. The pairs of one text are treated as independent, which they are not quite.",
}
PAPERS = {
    "niah": "the paper’s table 2, at 2K to 16K tokens; its models are trained at 4K, ours at 512",
    "ablation": "the paper’s table 5; its complete memory is a deep one, and its differences are taken from "
    "that",
}
