"""Plain English prose, written for this project: what a haystack is made of when it is not templated."""

from __future__ import annotations

PARAGRAPHS = tuple(
    " ".join(paragraph.split())
    for paragraph in """
The morning after the storm, the whole street smelled of wet leaves and salt. People came out of their
houses slowly, as if they were not quite sure that it was over, and looked at the branches which the wind
had thrown across the road. A boy in rubber boots walked from puddle to puddle and measured each of them
with a stick. Nobody told him to stop.

My grandmother believed that every kettle has a voice of its own. Hers began with a low hum, climbed to
something like a question, and ended in a scream that could be heard at the far end of the orchard. When she
died we kept the kettle, but it never sang for us in the same way, and after a year we stopped using it.

Memory is not a box into which things are put. It is closer to a path across a field: it exists because
somebody walked there, it grows clearer each time that somebody walks there again, and where nobody goes the
grass comes back. What surprises us leaves the deepest marks. What we expected anyway leaves hardly any.

The ferry leaves every forty minutes, except on Sundays, when it leaves whenever the captain has finished
his coffee. There are wooden benches on both sides and a glass case with a model of the old ship, which sank
within sight of the shore with nobody on board. Tourists take pictures of the model. The people who live
here look at the water.

How does a bridge stand? It pushes. Every stone leans on its neighbours and is held up by the same force
that wants to bring it down. Take the middle stone away and the whole of it falls; leave it in place and it
will carry carts and horses for a thousand years. The builders knew this long before anyone could calculate
it.

She had not planned to stay in the city for more than a week. But the work took longer than expected, the
room was cheap, and there was a small cinema around the corner that showed the same film every night. By the
end of the month she knew the film by heart and still could not say whether it was good.

In winter the lake freezes from the edges inward. First there is a thin white line along the reeds, then a
ring, and finally, after a few clear nights, a single sheet that groans when the temperature changes.
Children are told not to walk on it before the old men do. The old men wait until they see the foxes cross.

Nobody knew who had planted the tree in the middle of the square. It was already tall in the oldest
photographs, and the town records, which were kept with great care, did not say a word about it. Every
spring it flowered a week before any other tree, and every spring somebody wrote a letter to the newspaper
to point this out.

The recipe is simple, but it takes time. Mix the flour with the water and a little salt, cover the bowl with
a cloth, and leave it alone until the next day. Do not be impatient. The dough will do most of the work if
you allow it to, and what you do with your hands matters less than when you do it.

He repaired clocks, radios, umbrellas and, once, a set of false teeth. His shop was so narrow that two
customers could not pass each other, and so they talked, and so he heard everything that happened within
three miles. He never repeated a word of it. That, he said, was also a kind of repair.

There are two ways to read a long book. You can hurry from page to page to find out what happens, or you can
stop at each sentence and ask why it is there. Most readers do a little of both without noticing. The best
books seem to know which of the two you are doing and change their speed.

The machine began as a toy. It could add two numbers if they were small, and it rang a little bell whenever
it was wrong. Over the years they added wheels, then wires, then whole rooms of equipment; but those who had
seen the first one always listened for the bell.

A good question is half of an answer, people say, though they seldom tell you which half. Children ask the
other kind, the kind that takes an afternoon. Why is the sky so far away? Where does the day go? Who decided
that a week should have an end?

The path climbs steeply through the pines and then, quite suddenly, the trees are behind you and there is
nothing but stone and light. Bring water. Bring a warm jacket even in August, because the weather up there
does not care about the weather down here. From the top you can see both coasts on a clear day, and on most
days you can see neither.

We had agreed to meet under the station clock at noon, which would have been a fine idea if the station had
only had one clock. I waited beneath the eastern one, reading every advertisement twice. She waited beneath
the western one, growing angrier by the minute. It is still not certain which of us was right.

Scientists measured the sound of the sea for eleven years and found that it had become quieter. They were
not able to explain it. Perhaps there were fewer ships, or fewer fish, or the instruments themselves had
changed; each of these would have been enough, and none could be ruled out. They published the numbers
without a conclusion.

The letter arrived six weeks late, stamped in three countries, with a corner torn off by some machine. It
said very little. The weather had been fine, the food was better than last year, and everyone sent their
love. But she kept it all the same, in a drawer with the others, because of the handwriting.

At night the factory looked like a ship that had run aground. All its windows were lit, smoke rose from the
chimneys, and from somewhere deep inside came a regular beat, so low that you felt it in your feet before
you heard it. When the beat stopped one evening, the whole town woke up.

To learn a language you must be willing to be a fool for a while. You will order the wrong soup, thank
people for things that they did not do, and laugh when somebody tells you that his uncle is ill. Then one
day you will dream in it, and in the dream you will not make a single mistake.

The rules of the game are easily explained. Each player in turn takes a card, looks at it, and either keeps
it or passes it on to the left. What cannot be explained is how to win, since the player with the best cards
almost always loses, and nobody has ever won twice in a row.
""".strip().split("\n\n")
)
