"""The words that the reading stories are made of."""

from typing import NamedTuple


class Person(NamedTuple):
    name: str
    they: str  # the pronoun

    def __str__(self):
        return self.name


class Place(NamedTuple):
    name: str
    preposition: str

    def __str__(self):
        return self.name

    @property
    def at(self):
        return f"{self.preposition} the {self.name}"


def a(words):
    """The words with their indefinite article."""
    return ("an " if words[0] in "aeiou" else "a ") + words


WOMEN = """Alice Anna Bella Clara Dora Ella Emma Fiona Grace Hannah Ivy Julia Kate Lena Lucy Maria
    Mia Nina Nora Olga Paula Rosa Ruth Sara Tina Vera Wendy Yara Zoe""".split()
MEN = """Adam Ben Carl Daniel David Eric Felix Finn Frank George Henry Hugo Ivan Jack Leo Luke
    Martin Max Noah Omar Oscar Paul Peter Robert Sam Simon Tom Victor Yusuf""".split()
PEOPLE = [Person(name, "she") for name in WOMEN] + [Person(name, "he") for name in MEN]
PETS = """Bruno Coco Daisy Ginger Lucky Misty Patch Pepper Rex Rocky Rusty Shadow Smoky Snowy
    Sunny Teddy Toby Tiger""".split()

ROOMS = [
    Place(name, "in")
    for name in "attic bathroom bedroom cellar garage garden hall kitchen office yard".split()
]
TOWN = [
    Place(name, "at")
    for name in """airport bakery bank castle cinema circus farm harbour hospital hotel library
        market mill museum school stadium station theatre tower zoo""".split()
]
COUNTRYSIDE = [
    Place("beach", "at"),
    Place("bridge", "at"),
    Place("cave", "in"),
    Place("desert", "in"),
    Place("forest", "in"),
    Place("lake", "at"),
    Place("meadow", "in"),
    Place("mountains", "in"),
    Place("park", "in"),
    Place("river", "at"),
    Place("valley", "in"),
    Place("village", "in"),
]
PLACES = ROOMS + TOWN + COUNTRYSIDE
OUTINGS = TOWN + COUNTRYSIDE
STALLS = [
    place for place in TOWN if place.name in "airport bakery castle market museum zoo".split()
]

ANIMAL_COLOURS = "black brown golden grey red white yellow".split()
COLOURS = "red blue green yellow black white brown grey purple orange pink silver".split()
SMALL_THINGS = """ball bell book bottle brush camera candle coin comb cup doll feather hammer key
    knife letter map mug pencil phone ring rope shell spoon stamp ticket torch watch
    whistle""".split()
THINGS = (
    SMALL_THINGS
    + """blanket bucket carpet clock drum flag kite ladder lamp mirror pillow
    plate puzzle robot sledge tent umbrella vase wheel""".split()
)
CLOTHES = "apron belt cap cardigan coat hat jacket jumper robe scarf shirt tie".split()
CONTAINERS = [
    Place(name, "in") for name in "bag basket box chest cupboard drawer suitcase trunk".split()
] + [Place(name, "on") for name in "bench desk shelf table tray".split()]
CHORES = [
    (
        "washed",
        "wash",
        "apron bicycle boat bus car carpet cup curtain floor pot van window".split(),
    ),
    ("painted", "paint", "boat bridge chair door fence gate roof shed sign table wall".split()),
    ("fixed", "fix", "bell bicycle chair clock door gate lamp oven pipe radio roof tap".split()),
    (
        "cleaned",
        "clean",
        "carpet cooker floor hall kitchen mirror oven stairs table window".split(),
    ),
    ("drew", "draw", "bridge castle cloud face flower house moon ship star tower tree".split()),
]

PET_ANIMALS = "cat dog duck goat hamster kitten parrot puppy rabbit snake turtle".split()
SMALL_ANIMALS = PET_ANIMALS + "fox frog goose hedgehog hen mouse owl squirrel".split()
ANIMALS = SMALL_ANIMALS + "bear cow deer donkey horse pig sheep wolf".split()
SPOTS = [
    (preposition, name)
    for preposition, names in [
        ("under", "bed bench bush cart table tree"),
        ("on", "chair carpet roof rock sofa wall"),
        ("behind", "door fence gate hedge house shed"),
    ]
    for name in names.split()
]
PENS = [
    Place(name, "in")
    for name in "barn cave field forest garden hut meadow shed stable yard".split()
]
RESTING = "sitting sleeping resting hiding waiting".split()

JOBS = """actor artist astronaut baker barber builder butcher carpenter clown cook dancer dentist
    doctor driver engineer farmer gardener judge lawyer mechanic miner nurse painter pilot plumber
    poet potter sailor scientist singer tailor teacher vet waiter writer""".split()
INSTRUMENTS = "banjo cello clarinet drums flute guitar harp organ piano trumpet violin".split()
LANGUAGES = "Arabic Chinese Dutch English French German Greek Italian Polish Spanish".split()
SPORTS = "badminton basketball chess cricket football golf hockey rugby tennis volleyball".split()
FOODS = """beans bread cake carrots cheese corn eggs fish honey jam noodles nuts pancakes pasta
    pizza porridge rice salad sausages soup stew toast""".split()
HOMES = [
    place for place in COUNTRYSIDE if place.name in "desert forest mountains valley village"
] + [
    Place("castle", "in"),
    Place("city", "in"),
    Place("hotel", "in"),
    Place("mill", "in"),
    Place("tower", "in"),
]
VEHICLES = "boat bus ferry plane taxi train tram".split()
COUNTED = """apples balloons biscuits books buttons cakes cards cherries coins eggs lemons marbles
    melons onions peaches pears pencils plums potatoes roses shells stamps stickers stones
    tickets tulips""".split()
NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve".split()

DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = """January February March April May June July August September October November
    December""".split()
WEATHER = "cloudy cold dry foggy hot rainy snowy stormy sunny warm windy".split()
MEALS = "breakfast lunch dinner".split()
RELATIVES = {
    "she": "aunt cousin daughter grandmother mother neighbour sister".split(),
    "he": "brother cousin father grandfather neighbour son uncle".split(),
}
COMPARED = [
    ("older", "younger", "oldest", "youngest"),
    ("taller", "shorter", "tallest", "shortest"),
    ("faster", "slower", "fastest", "slowest"),
    ("stronger", "weaker", "strongest", "weakest"),
]

# Sentences that say nothing about anybody and settle nothing that is ever asked.
SCENERY = """A band was playing. | A light wind was blowing. | Bees were humming. |
    Children were laughing. | Everybody was in a good mood. | Everyone was busy. |
    It was a lovely day. | It was a quiet day. | It was getting late. | Nobody was in a hurry. |
    Somebody was singing. | The air was fresh. | The birds were awake. | The bells were ringing. |
    The leaves were falling. | The moon was bright. | The sky was clear. | The streets were busy. |
    The stars were out. | The world was still. | There was a smell of coffee. |
    There was music everywhere. | There was no noise at all. | Things were going well.""".split("|")
SCENERY = [" ".join(sentence.split()) for sentence in SCENERY]
