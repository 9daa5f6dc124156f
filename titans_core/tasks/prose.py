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

Section 4. The tenant shall return all keys on or before the final day of the agreement. Any damage beyond
ordinary wear must be repaired at the tenant's expense, unless both parties have agreed otherwise in
writing. Notices sent by post are considered received on the third working day after posting.

Before first use, remove the protective film and charge the unit for at least three hours. Press and hold
the power switch until the green light flashes twice. If the light stays red, disconnect the cable, wait ten
seconds and try again. Never immerse the device in water. Do not attempt to open the housing yourself.

An electric current flows when charge moves through a conductor. The resistance of a wire grows with its
length and falls with its thickness; it also depends on the material and on temperature. Copper conducts
well and is therefore used in cables, whereas glass and rubber hardly conduct at all and serve as
insulators.

The team from the north won by three goals to one on Saturday, although they played the last half hour with
only ten men. Their coach praised the defence. "We suffered," he admitted afterwards, "but we suffered
together." The visitors, who had beaten everybody since March, travelled home in silence.

Between 1740 and 1760 the population of the valley doubled. New fields were cleared, the marshes were
drained, and a canal, begun in 1751 and completed eleven years later, joined the two rivers. Historians
disagree about the reasons. Some point to the potato, others to a long run of mild winters, and a few to
better tax records.

A function returns the first element that satisfies its condition, or an empty result if there is none.
Arguments are evaluated from left to right. When an exception is raised inside the loop, the remaining
elements are not visited, and the file is closed before control passes to the caller. See also the notes on
iterators.

Dear Sir or Madam, I am writing to complain about the parcel which I ordered on the ninth of May and which
has, as of this afternoon, still not been delivered. Your website insists that I signed for it. I did not. I
would be grateful for either my parcel or my money, whichever you can find first. Yours faithfully.

Take one tablet twice daily with a glass of water, preferably after meals. Common side effects include
drowsiness, headache and a dry mouth; these usually disappear within a few days. Consult your doctor if
symptoms persist, or if you are pregnant, allergic to any of the ingredients, or taking other medicines.

Once upon a time, in a kingdom with more hills than people, there lived a queen who could not laugh.
Jugglers came, and clowns, and a monkey that could play the violin. Nothing helped. At last a shepherd
arrived, tripped over the carpet, and fell so slowly and so thoroughly that the whole court forgot to
breathe.

Prices rose by two percent in the third quarter, somewhat less than analysts had predicted. Energy became
cheaper while rents continued to climb. The central bank left interest rates unchanged and said that it
would wait for further evidence. Shares in shipping companies gained; airlines and retailers lost ground.

Cells are surrounded by a membrane which lets some molecules pass and holds others back. Inside, proteins
are assembled according to instructions copied from the nucleus. Plants have, in addition, a stiff outer
wall and small green bodies that capture sunlight. Bacteria manage with far less and have done so for three
billion years.

Sow the seeds indoors in late February, two to a pot, and keep the soil moist but never soggy. When four
leaves have appeared, thin out the weaker seedling. Harden the plants off during the first warm week of May.
Tomatoes dislike wind. They are grateful for a stake, a little shade at noon, and company.

I went through the house without switching on the lamps. The inspector had told me to touch nothing, and I
touched nothing; but I counted. Eleven chairs around a table laid for twelve. One glass unused. On the
carpet, between the piano and the door, lay a single white feather, and it was perfectly dry.

The symphony begins with a whisper in the cellos. Forty minutes later the same theme returns, now in full
brass, and one realises that nothing else has been heard in between; everything was variation. The orchestra
played with precision, if not always with warmth. The applause after the slow movement was, for once,
forgivable.

If every statement that can be tested is either true or false, what shall we say of a promise? It describes
nothing. It cannot be checked against the facts, since it creates the fact that it speaks of. Perhaps
language is less like a mirror than like a set of tools, some of which we have forgotten how to hold.

Turn left at the church, follow the river for about two kilometres, and cross the wooden footbridge. The
ruins are open daily from nine until dusk; admission is free for children under twelve. Sturdy shoes are
recommended. Visitors who arrive by bus should note that the last departure on public holidays is at 17:40.

"You never listen," she said. "I do," he said, without looking up. "Then what did I just say?" He folded the
newspaper, slowly, into halves and quarters. "That I never listen." There was a pause. "And before that?"
Outside, a tram rattled past; the cups trembled on their hooks. "Before that," he admitted, "I wasn't
listening."

Permission is granted, free of charge, to any person obtaining a copy of these documents, provided that the
notice above is included in every substantial portion. The work is offered as it is, without warranty of any
kind. In no event shall the authors be liable for any claim arising from its use, whether in contract or
otherwise.

Rain will spread from the west during Thursday, heavy at times over high ground, with gusts of up to 70
kilometres per hour along exposed coasts. Temperatures between 8 and 11 degrees. Friday begins dry and
bright in most districts, but showers, some with hail, are expected to develop by the afternoon.

He was born in a fishing village, the fifth of nine children, and learned to read from old almanacs. At
fourteen he left school; at forty he held patents for a pump, a valve and an improved lantern; at seventy he
gave everything away and returned to the village. He is survived by two daughters and a very large dog.
""".strip().split("\n\n")
)
