"""The words of the story world. With a space before it, each is one token."""

from __future__ import annotations

from random import Random

NAMES = tuple(
    """Mara Tom Ivy Leo Nina Omar Ruth Sam Tess Hugo Anna Ben Clara David Elena Felix Greta Hana
    Igor June Karl Lena Max Nora Oscar Paula Quinn Rosa Simon Thea Ursula Victor Wanda Yara Zeno
    Alma Boris Cleo Dina Emil Flora Gwen Hector Iris Jonas Kira Lukas Milo Nadia Otto Petra Rafael
    Selma Tariq Una Vera Walter Xenia Yusuf Zara""".split()
)
COLOURS = tuple(
    """red blue green black white grey brown silver gold pink orange purple yellow violet amber
    copper""".split()
)
OBJECTS = tuple(
    """key book lamp coin ring map cup drum box clock scarf letter knife rope bell mask crown jar
    flute sword chair basket mirror button candle ladder bottle brush hammer kettle needle pillow
    ribbon shovel spoon stamp ticket umbrella wallet whistle""".split()
)
PLACES = tuple(
    """attic cellar kitchen garden garage library stable tower chapel harbour bakery barn bedroom
    cabin castle cave church cottage factory hall hotel hospital market mill museum office palace
    pantry park prison school shed station studio tent theatre tunnel vault workshop yard""".split()
)
FOODS = tuple(
    """bread soup rice pears beans cake honey fish apples plums figs eggs cheese corn jam nuts
    pasta salad stew pie butter carrots cherries grapes lentils melon onions peas potatoes
    tomatoes""".split()
)
ANIMALS = tuple(
    """cat dog fox owl goat crow toad duck hen pony mouse swan seal wolf bear lamb rabbit parrot
    turtle snake lizard hamster pigeon donkey otter badger hedgehog goose frog raven""".split()
)
DEVICES = tuple(
    """pump valve fan heater motor radio camera engine sensor robot drill crane gate alarm printer
    mixer oven tank boiler press""".split()
)
STATES = tuple(
    """on off open closed full empty hot cold busy idle locked broken ready loud clean dirty fast
    slow""".split()
)
WAYS = ("left", "right")
DIGITS = tuple("0123456789")
SYLLABLES = tuple(
    """ba be bo da de du fa fi ga go gu ka ki ko la li lo lu ma me mi mo na ni no nu pa po ra ri
    ro ru sa so su ta ti tu va ve vo za zi zo mor tel van lor ken dar nim ral""".split()
)

ADJECTIVES = tuple(
    """quiet cold slow bright old soft heavy thin calm dusty warm pale long wide gentle early late
    deep small great dark clear empty broken distant narrow tall young strange simple steady
    sudden dry wet sharp smooth rough hidden lonely busy""".split()
)
NOUNS = tuple(
    """wind river road cloud rain field hill snow moon leaf stone wave shadow morning evening
    forest meadow smoke sun valley storm grass frost path sea sky tree flower window door wall
    street house town ship train boat island mountain lake fire dust light night summer winter
    autumn spring song story voice bird fog sand star village bridge fence roof""".split()
)
VERBS = tuple(
    """drifted rested moved passed turned settled rose faded lingered spread shone waited stood
    fell lay grew slept hung stayed returned vanished trembled paused ended began wandered glowed
    sank opened closed""".split()
)
PREPOSITIONS = tuple(
    """over under near beyond along past behind across above beside through around toward""".split()
)
ADVERBS = tuple("""slowly softly again later often never always once soon still""".split())

# Frequent English words that stand in no list above: other people's texts are made of them.
COMMON = tuple(
    """the of and to in is was it for on with as his her they be at one have this from or had by
    not but what all were when we there can an your which their said if do will each about how up
    out them then she many some so these would other into has more two like him see time could no
    make than first been its who now people my made did down only way find use may water little
    work know place years live me back give most very after things our just name good man think
    say where help much before line right too means any same tell does want show also three come
    must because turn here why asked went men read need different home us try kind hand picture
    change off play air away point page mother answer found study learn should world high every
    between own country last father keep start earth eyes head left while might something seem
    next open example begin life those both paper together got group run important until children
    side feet car idea eat face without hear four second enough almost let girl sometimes talk
    list body family leave ever am five six seven ten love day days year week hours minute nothing
    everything everyone someone somebody nobody I you he The It He She They We You In At On But
    And If This That There What When Where Who How Why My No Not half friend friends room heart
    city against large big even such being put set took thought knew told felt looked came gave
    called saw seemed really perhaps quite rather thing part number among yet less few another
    whole though since within during used using end word words sure dear yes please thank today
    tomorrow yesterday hello""".split()
)

WORLD = NAMES + COLOURS + OBJECTS + PLACES + FOODS + ANIMALS + DEVICES + STATES + WAYS
PLAIN = ADJECTIVES + NOUNS + VERBS + PREPOSITIONS + ADVERBS


def made_up(rng: Random) -> str:
    """A word that nobody knows, of two or three syllables: only memory can give it back."""
    return "".join(rng.choices(SYLLABLES, k=rng.choice((2, 2, 3))))
