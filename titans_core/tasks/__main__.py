"""``python -m titans_core.tasks`` trains the tokenizer anew on the world's own text."""

from titans_core.tasks.corpus import corpus
from titans_core.tokenizer import SHIPPED, train

if __name__ == "__main__":
    tokenizer = train(corpus(seed=0))
    tokenizer.save(SHIPPED)
    print(f"{tokenizer.vocab_size} ids written to {SHIPPED.name}")
