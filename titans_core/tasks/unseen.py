"""Prose, written for this project, that no training ever meets: a haystack to be measured in."""

from __future__ import annotations

PARAGRAPHS = tuple(
    " ".join(paragraph.split())
    for paragraph in """
A lighthouse does not shine evenly. Its lens gathers the glow of one small flame into a few narrow beams,
and the whole apparatus turns, so that a sailor sees darkness, then a flash, then darkness again. The rhythm
differs from tower to tower. Whoever knows the rhythm knows the coast, even through fog, even without a
chart, provided that he can count slowly and keep his nerve.

Glaciers move. The ice at the bottom melts under its own weight, and the mass above slides downhill, a few
centimetres a day in most places, several metres in some. It carries gravel, boulders and now and then a
mountaineer who vanished generations ago. Where it ends, streams the colour of milk run out from beneath it,
and the air smells faintly of iron.

Clause 11.2: If the supplier fails to deliver within thirty days of the agreed date, the purchaser may
withdraw from the contract without further notice. Payments already made shall be refunded in full. Claims
for lost profit are excluded, except in cases of gross negligence. The place of jurisdiction is the
registered office of the supplier.

To bleed the radiators, wait until the heating has cooled. Hold a cloth beneath the vent, turn the screw a
quarter turn anticlockwise, and listen: first comes a hiss, then a sputter, and finally a steady trickle.
Close the screw at once. Check the pressure gauge afterwards; it ought to stand between one and one and a
half bar.

Grandfather kept bees for sixty years and was stung, by his own reckoning, eleven thousand times. He claimed
to recognise each hive by its temper. There were cheerful ones and sulky ones, and one, under the walnut,
which he addressed as Madam. When he fell ill my aunt knocked on every hive and told them, as custom
demands.

The parliament was dissolved in 1848, reopened, and dissolved once more. Pamphlets circulated in the coffee
houses; students built barricades out of omnibuses and pianos. By November the emperor's cannons had
restored what the newspapers called tranquillity. Yet the serfs remained free, and nobody, not even the
chancellor, seriously proposed to undo that.

Photosynthesis proceeds in two stages. In the first, pigments absorb light and split water, releasing
oxygen; in the second, the captured energy serves to bind carbon dioxide into sugar. The second does not
require light as such, which is why textbooks used to call it dark, although it generally happens at noon
like everything else.

Customer: The dishwasher still leaves a white film on the glasses. Technician: Have you refilled the salt?
Customer: Twice already. Technician: And what hardness did you choose in the menu? There followed a silence of
perhaps five seconds. Customer: There is a menu? Technician: Hold down the two outer buttons, madam, and we
shall begin at the beginning.

Beat the egg whites until they form stiff peaks. In a separate bowl combine sugar, ground almonds and a
pinch of cinnamon, then fold this mixture in with a spatula, never with a whisk. Pipe small mounds onto
baking parchment. They need twenty minutes at 150 degrees and must not brown; what you are after is a shell
that cracks when tapped.

After nineteen kilometres the leading group had shrunk to four. On the long climb toward the reservoir the
Kenyan champion accelerated, twice, without looking round. Only the debutant from Lisbon could follow. They
entered the stadium side by side, elbows almost touching, and the photograph had to be examined for a full
quarter of an hour.

Unlike mammals, octopuses keep most of their neurons in their limbs. Each arm can taste, decide and act with
considerable independence; severed, it continues to grope for prey and to offer it to a mouth which is no
longer there. Whether such a creature has one mind or nine is perhaps a badly formulated question, but it is
a difficult one to put down.

The undersigned hereby applies for the position of assistant librarian advertised last Tuesday. I have
catalogued manuscripts in three languages, speak a fourth passably, and am not afraid of ladders. References
may be obtained from Professor Lindqvist. I should mention, for the sake of honesty, that I am allergic to
dust, though less so each year.

Inflation erodes debts as well as savings. A household that borrowed at a fixed rate repays in coins worth
less than those it received; a pensioner, by contrast, discovers that the same envelope buys a smaller
basket. Governments, being the greatest debtors of all, are seldom quite so alarmed by rising prices as
their spokesmen suggest.

Variables declared inside a block are invisible beyond its closing bracket. A closure, however, may outlive
the block and retain access to them, which surprises beginners and occasionally experts. Use the debugger to
inspect captured bindings. In versions prior to 2.6 the behaviour was undefined; consult the migration guide
before upgrading.

Violins from Cremona are praised for a sweetness that engineers have failed to reproduce, or have reproduced
so well that blindfolded soloists prefer the copies. Varnish, climate, worms, volcanic ash and fraud have
all been proposed as explanations. An auctioneer once told me the truth: what you hear is the price, and it
has excellent overtones.

Dragons, according to the chronicle, dislike parsley. The villagers therefore planted it along the entire
ridge, and for a century and a half no dragon was observed. Sceptics pointed out that none had been observed
earlier either. They were asked to leave, and settled in the adjoining valley, where, the chronicle adds
with satisfaction, they were eaten.

Should the alarm sound, proceed calmly to the nearest exit and assemble beside the flagpole. Lifts must not
be used. Wardens in yellow jackets will call the register; do not wander off before your name has been
ticked. Re-entry is permitted only after the fire officer has given clearance, however cold it may be, and
whatever you left on your desk.

Tectonic plates creep about as fast as fingernails grow. Where two of them collide, one dives beneath the
other, drags water down with it, and melts; the molten rock, being lighter, rises again and feeds a chain of
volcanoes parallel to the trench. Earthquakes mark the descent like beads on a slanted thread, the deepest
nearly seven hundred kilometres down.

I do not deny that happiness exists. I merely observe that those who chase it resemble a puppy pursuing its
tail, and that those who have caught it hold very still. Duty, friendship, craftsmanship and sleep can be
pursued with profit. Happiness attends to such people unasked, sits quietly in a corner, and leaves before
anybody can thank it.

Exceptionally high tides are forecast for the estuary between Monday and Wednesday. Residents of low-lying
streets should move vehicles uphill and secure dustbins, boats and garden furniture. Sandbags may be
collected free of charge from the municipal depot. The barrier will close at 19:25; the ferry service is
suspended until further notice.
""".strip().split("\n\n")
)
