"""What was looked into where a table does not say what the paper's says, in words: for page and README.

The figures that bear it out stand in the table itself.
"""

from __future__ import annotations

from typing import Final

LOOKED_INTO: Final[dict[str, str]] = {
    "niah": "In repeated sentences, where the passkey lies, the models that correct what a key reads at "
    "every token, except MAC, lose almost nothing: what was written once does not surprise them again. "
    "Mamba-2, which adds up whatever comes, and TTT-Linear, which corrects sixteen tokens at a time, lose "
    "more there than in mixed prose, and how much TTT-Linear loses differs from training to training. "
    "MAC, which loses least in mixed prose, gains nothing from repeated sentences; some of the passkeys "
    "that it loses are right except for their end. The next table has both needles in both.",
    "filler": "What is lost is lost to the writing of filler: where filler is read but never written, "
    "almost every question is answered. This leaves little in which Titans and DeltaNet could differ "
    "here. Forgetting, which DeltaNet lacks, is hardly used: half of the heads or more forget almost "
    "nothing over 1,000 tokens, and without forgetting the answers are the same, as far as can be told. "
    "Momentum, the other part, brings a few answers at most. How much of the filler is written does not "
    "say how much is lost: MAC writes more of it than LMM and loses less. In filler never seen in "
    "training, all models lose answers.",
    "ablation": "The convolution is what joins a value to the words that a question will use: without it "
    "nothing is recalled, and the memory serves the language instead, which is why all tokens are "
    "predicted better and answers worse. Perplexity over all tokens says little here, because in training "
    "an answer weighs some thirty times as much as another token.",
    "mqar": "Beyond 32 pairs, which is as many as training had and as many as a head has dimensions, the "
    "models that correct what a key reads at every token lose what was told first: each correction takes "
    "something from older pairs. Mamba-2, which only adds up and decays, and TTT-Linear, which corrects "
    "sixteen tokens at a time, lose less of it, and a little of everything.",
    "depth": "Far beyond the length of training, two layers keep more of the facts than a matrix does, "
    "whether the matrix is written at every token or eight tokens at a time, as deep memories are: so it "
    "is depth that helps, as the paper says. Three and four layers lose at 4,096 tokens what they still "
    "knew at 2,048: the surprise of one of their layers shrinks on the way, which hardly shows within the "
    "512 tokens of training, and a memory that is not surprised learns nothing. A deeper memory also has "
    "more parameters.",
    "babilong": "One fact is found. None of these models joins two: where a thing is that somebody has "
    "carried on is answered right no more often than by the guess, although training also asked who has "
    "it. Where a thing was before is answered better than by that guess, which is a poor one there.",
}
