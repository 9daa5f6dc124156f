"""What was looked into where a table does not say what the paper's says, in words: for page and README.

The figures that bear it out stand in the table itself.
"""

from __future__ import annotations

from typing import Final

LOOKED_INTO: Final[dict[str, str]] = {
    "niah": "In repeated sentences, where the passkey lies, all that correct at every token what a key "
    "reads, but MAC, lose next to nothing: what was written once is no surprise again. Mamba-2, which adds "
    "up whatever comes, and TTT-Linear, which corrects by sixteen tokens at once, lose more there than in "
    "mixed prose, and how much TTT-Linear loses differs from training to training. MAC, which loses least "
    "in mixed prose, gains nothing from repeated sentences; some of the passkeys that it loses are right "
    "but for their end. The next table has both needles in both.",
    "filler": "What is lost is lost to the writing of filler: where that is read and never written, next "
    "to every question is answered. So there is little in which Titans and DeltaNet could differ here. "
    "Forgetting, which DeltaNet lacks, is hardly used: half of the heads or more forget next to nothing over "
    "1,000 tokens, and without it the answers are the same, as far as can be told. Momentum, the other part, "
    "brings a few answers at most. How much is written of filler does not say how much is lost: MAC writes "
    "more of it than LMM and loses less. In filler that no training had, all lose.",
    "ablation": "The convolution is what joins a value to the words that a question will ask with: without "
    "it nothing is recalled, and the memory serves the language instead, which is why all tokens are "
    "foretold better and answers worse. Perplexity over all tokens says little here, where an answer weighs "
    "some thirty times as much as another token in training.",
    "mqar": "Beyond 32 pairs, which is as many as training had and as a head has dimensions, what was "
    "told first is lost by whoever corrects at every token what a key reads: each correction takes something "
    "from older pairs. Mamba-2, which only adds up and decays, and TTT-Linear, which corrects by sixteen "
    "tokens at once, lose less of it, and a little of all.",
    "depth": "Two layers keep more of the facts far beyond training than a matrix does, be that written at "
    "every token or by eight together, as deep memories are: so it is depth that helps, as the paper has it. "
    "Three and four lose at 4,096 tokens what they still knew at 2,048: the surprise of one of their layers "
    "dwindles on the way, which within the 512 tokens of training shows little, and a memory that is not "
    "surprised learns nothing. The deeper, the more parameters, too.",
    "babilong": "One fact is found. Two are joined by none of these: where a thing is that somebody "
    "carried on is told no more often than by who guesses, though in training who has it was asked too. "
    "Where a thing was before is told better than by that guess, which is a poor one there.",
}
