"""The scenes of the reading set: what happens, how it is told, and what may be asked.

A scene builds a `Story`. Beside each sentence it states the facts that the sentence makes true, and
each question is a pattern over facts, so that its answer is looked up rather than written down.
"""

from lexicon import (
    ANIMAL_COLOURS,
    ANIMALS,
    CHORES,
    CLOTHES,
    COLOURS,
    COMPARED,
    CONTAINERS,
    COUNTED,
    DAYS,
    FOODS,
    HOMES,
    INSTRUMENTS,
    JOBS,
    LANGUAGES,
    MEALS,
    MONTHS,
    NUMBERS,
    OUTINGS,
    PENS,
    PEOPLE,
    PET_ANIMALS,
    PETS,
    PLACES,
    RELATIVES,
    RESTING,
    ROOMS,
    SMALL_ANIMALS,
    SMALL_THINGS,
    SPORTS,
    SPOTS,
    STALLS,
    THINGS,
    VEHICLES,
    WEATHER,
    a,
)

ANY = object()  # matches whatever stands in that place of a fact
WANTED = object()  # what the question asks for


class Story:
    def __init__(self):
        self.sentences = []
        self.facts = []
        self.questions = []

    def tell(self, sentence):
        self.sentences.append(sentence[0].upper() + sentence[1:] + ".")

    def know(self, *fact):
        self.facts.append(tuple(str(part) for part in fact))

    def ask(self, kind, question, *pattern):
        self.questions.append((kind, question, pattern))

    def answers(self, pattern):
        """Every answer that the facts allow; a question is sound when there is exactly one."""
        found = set()
        for fact in self.facts:
            pairs = list(zip(fact, pattern))
            if len(fact) == len(pattern) and all(
                asked is ANY or asked is WANTED or part == str(asked) for part, asked in pairs
            ):
                found.update(part for part, asked in pairs if asked is WANTED)
        return sorted(found)


def several(r):
    """How many people or things of one sort a story has: two, sometimes three."""
    return 3 if r.random() < 0.45 else 2


def in_any_order(r, items):
    return r.sample(items, len(items))


def whereabouts(r):
    """Anna is waiting in the kitchen. Ben is resting at the lake."""
    story = Story()
    count = several(r)
    for person, place in zip(r.sample(PEOPLE, count), r.sample(PLACES, count)):
        doing = r.choice(["", "", "waiting ", "resting ", "working ", "reading ", "singing "])
        story.tell(f"{person} is {doing}{place.at}")
        story.know("is at", person, place)
        story.ask("where", f"Where is {person}?", "is at", person, WANTED)
        story.ask("who", f"Who is {place.at}?", "is at", WANTED, place)
    return story


def journey(r):
    """First Anna walked to the bakery. Then she drove to the lake."""
    story = Story()
    person = r.choice(PEOPLE)
    stops = r.sample(OUTINGS, several(r))
    verb = r.choice(["went", "walked", "ran", "hurried", "cycled"])
    if len(stops) == 2 and r.random() < 0.3:
        story.tell(
            f"{person} {verb} to the {stops[0]} before {person.they} {verb} to the {stops[1]}"
        )
    elif len(stops) == 2 and r.random() < 0.3:
        story.tell(
            f"after {person} {verb} to the {stops[0]}, {person.they} {verb} to the {stops[1]}"
        )
    else:
        story.tell(r.choice(["", "first "]) + f"{person} {verb} to the {stops[0]}")
        for stop, link in zip(stops[1:], ["then", "after that"]):
            story.tell(f"{link} {person.they} {verb} to the {stop}")
    for earlier, later in zip(stops, stops[1:]):
        story.know("next", person, earlier, later)
        story.ask(
            "order", f"Where did {person} go after the {earlier}?", "next", person, earlier, WANTED
        )
        story.ask("order", f"Where was {person} before the {later}?", "next", person, WANTED, later)
    story.know("ends", person, stops[0], stops[-1])
    story.ask("order", f"Where did {person} go first?", "ends", person, WANTED, ANY)
    story.ask("where", f"Where is {person} now?", "ends", person, ANY, WANTED)
    return story


def week(r):
    """On Monday Anna went to the museum. On Friday she went to the lake."""
    story = Story()
    person, other = r.sample(PEOPLE, 2)
    days, places = r.sample(DAYS, several(r)), r.sample(OUTINGS, 3)
    days.sort(key=DAYS.index)
    for index, (day, place) in enumerate(zip(days, places)):
        who = person if index == 0 else other if index == 2 else person.they
        story.tell(
            r.choice([f"on {day} {who} went to the {place}", f"{who} went to the {place} on {day}"])
        )
        goer = other if index == 2 else person
        story.know("trip", goer, place, day)
        story.ask("when", f"When did {goer} go to the {place}?", "trip", goer, place, WANTED)
        story.ask("where", f"Where did {goer} go on {day}?", "trip", goer, WANTED, day)
        story.ask("who", f"Who went to the {place}?", "trip", WANTED, place, ANY)
    return story


def calls(r):
    """Anna called Ben at nine and Clara at ten."""
    story = Story()
    person, first, second = r.sample(PEOPLE, 3)
    verb, root = r.choice(
        [("called", "call"), ("met", "meet"), ("visited", "visit"), ("saw", "see")]
    )
    hours = sorted(r.sample(range(1, 13), 2))
    times = [f"at {NUMBERS[hour]}" for hour in hours]
    asked = "At what time"
    if r.random() < 0.6:
        times = [f"on {day}" for day in sorted(r.sample(DAYS, 2), key=DAYS.index)]
        asked = "When"
    if r.random() < 0.5:
        story.tell(f"{person} {verb} {first} {times[0]} and {second} {times[1]}")
    else:
        story.tell(f"{person} {verb} {first} {times[0]}")
        caller = person if first.they == person.they else person.they
        story.tell(f"{caller} {verb} {second} {times[1]}")
    for met, time in zip([first, second], times):
        story.know("contact", met, time.split()[1])
        story.ask("when", f"{asked} did {person} {root} {met}?", "contact", met, WANTED)
        story.ask("who", f"Who did {person} {root} {time}?", "contact", WANTED, time.split()[1])
    return story


def belongings(r):
    """Mia has a red kite. Tom has a blue drum."""
    story = Story()
    count = several(r)
    verb = r.choice(["has", "has", "owns", "carries"])
    rows = zip(r.sample(PEOPLE, count), r.sample(COLOURS, count), r.sample(THINGS, count))
    for person, colour, thing in rows:
        story.tell(f"{person} {verb} {a(colour + ' ' + thing)}")
        story.know("owns", person, colour, thing)
        story.ask("colour", f"What colour is the {thing}?", "owns", ANY, WANTED, thing)
        story.ask("colour", f"What colour is {person}'s {thing}?", "owns", person, WANTED, thing)
        story.ask("who", f"Who {verb} the {thing}?", "owns", WANTED, ANY, thing)
        story.ask("what", f"What is {colour}?", "owns", ANY, colour, WANTED)
    return story


def errands(r):
    """Mia bought a kite at the market. Tom found a drum in the attic."""
    story = Story()
    count = several(r)
    verbs = [("bought", "buy", STALLS), ("found", "find", PLACES), ("lost", "lose", PLACES)]
    verbs += [("made", "make", ROOMS), ("broke", "break", ROOMS), ("hid", "hide", ROOMS)]
    places = []
    for person, thing in zip(r.sample(PEOPLE, count), r.sample(THINGS, count)):
        verb, root, choices = r.choice(verbs)
        place = r.choice([place for place in choices if place not in places])
        places.append(place)
        story.tell(f"{person} {verb} {a(thing)} {place.at}")
        story.know(verb, person, thing, place)
        story.ask("what", f"What did {person} {root}?", verb, person, WANTED, ANY)
        story.ask("who", f"Who {verb} the {thing}?", verb, WANTED, thing, ANY)
        story.ask("where", f"Where did {person} {root} the {thing}?", verb, person, thing, WANTED)
    return story


def gift(r):
    """Leo found a drum in the attic. He gave it to Rosa. Rosa put it in the box."""
    story = Story()
    giver, taker, third = r.sample(PEOPLE, 3)
    thing, other = r.sample(THINGS, 2)
    place, spot = r.choice(PLACES), r.choice(CONTAINERS)
    story.tell(f"{giver} found {a(thing)} {place.at}")
    story.tell(f"{giver.they} {r.choice(['gave', 'sent', 'handed'])} it to {taker}")
    story.know("found", giver, thing, place)
    story.ask("where", f"Where did {giver} find the {thing}?", "found", giver, thing, WANTED)
    story.ask("who", f"Who found the {thing}?", "found", WANTED, thing, ANY)
    story.ask("what", f"What did {giver} find?", "found", giver, WANTED, ANY)
    story.know("got", taker, thing)
    story.ask("what", f"What did {taker} get?", "got", taker, WANTED)
    if r.random() < 0.4:
        story.tell(f"{taker} put it {spot.at}")
        story.know("now at", thing, spot)
        story.ask("where", f"Where is the {thing} now?", "now at", thing, WANTED)
    else:
        story.know("has now", taker, thing)
        story.ask("who", f"Who has the {thing} now?", "has now", WANTED, thing)
        if r.random() < 0.5:
            story.tell(f"{third} has {a(other)}")
            story.know("has now", third, other)
            story.ask("who", f"Who has the {other}?", "has now", WANTED, other)
    return story


def counting(r):
    """Ben has three apples and two pears. Ella has six apples."""
    story = Story()
    people, things = r.sample(PEOPLE, 2), r.sample(COUNTED, 2)
    verb, root = r.choice([("has", "have"), ("has", "have"), ("wants", "want"), ("sells", "sell")])
    numbers = r.sample(range(2, 13), 3)
    rows = [(people[0], things[0], numbers[0]), (people[0], things[1], numbers[1])]
    if r.random() < 0.5:
        rows[1] = (people[1], things[r.randrange(2)], numbers[1])
        for person, thing, number in rows:
            story.tell(f"{person} {verb} {NUMBERS[number]} {thing}")
    else:
        story.tell(
            f"{people[0]} {verb} {NUMBERS[numbers[0]]} {things[0]}"
            f" and {NUMBERS[numbers[1]]} {things[1]}"
        )
        if r.random() < 0.5:
            rows.append((people[1], things[r.randrange(2)], numbers[2]))
            story.tell(f"{people[1]} {verb} {NUMBERS[numbers[2]]} {rows[2][1]}")
    for person, thing, number in rows:
        story.know("count", person, thing, NUMBERS[number])
        story.ask(
            "count", f"How many {thing} does {person} {root}?", "count", person, thing, WANTED
        )
        story.ask(
            "who", f"Who {verb} {NUMBERS[number]} {thing}?", "count", WANTED, thing, NUMBERS[number]
        )
    return story


def change(r):
    """Ben had five apples. He gave two to Nina. How many apples does Ben have now?"""
    story = Story()
    person, friend = r.sample(PEOPLE, 2)
    thing = r.choice(COUNTED)
    start = r.randrange(2, 11)
    story.tell(f"{person} had {NUMBERS[start]} {thing}")
    story.know("at first", person, NUMBERS[start])
    if r.random() < 0.5:
        part = r.randrange(1, start)
        verb, root = r.choice([("gave", "give"), ("sold", "sell")])
        story.tell(f"{person.they} {verb} {NUMBERS[part]} of them to {friend}")
        question = f"How many {thing} did {person} {root} to {friend}?"
        left = start - part
    else:
        part = r.randrange(1, min(start, 12 - start) + 1)
        verb, root = r.choice([("found", "find"), ("bought", "buy")])
        story.tell(f"then {person.they} {verb} {NUMBERS[part]} more")
        question = f"How many {thing} did {person} {root}?"
        left = start + part
    story.know("moved", person, NUMBERS[part])
    story.know("left", person, NUMBERS[left])
    story.ask("count", f"How many {thing} did {person} have at first?", "at first", person, WANTED)
    story.ask("count", question, "moved", person, WANTED)
    story.ask("count", f"How many {thing} does {person} have now?", "left", person, WANTED)
    return story


def portraits(r):
    """Anna is a baker. She plays the flute. Ben is a pilot. He plays the harp."""
    story = Story()
    traits = [
        (
            "lives",
            [f"in the {home}" for home in HOMES],
            "where",
            "Where does {} live?",
            "Who lives {}?",
        ),
        ("plays the", INSTRUMENTS, "what", "What does {} play?", "Who plays the {}?"),
        ("speaks", LANGUAGES, "what", "What language does {} speak?", "Who speaks {}?"),
        ("likes", FOODS, "what", "What does {} like?", "Who likes {}?"),
        ("plays", SPORTS, "what", "What does {} play?", "Who plays {}?"),
    ]
    verb, values, kind, forward, backward = r.choice(traits)
    people, jobs, values = r.sample(PEOPLE, 2), r.sample(JOBS, 2), r.sample(values, 2)
    contrast = r.random() < 0.3
    if contrast:
        story.tell(f"{people[0]} {verb} {values[0]}, but {people[1]} {verb} {values[1]}")
    for person, job, value in zip(people, jobs, values):
        if not contrast:
            story.tell(f"{person} is {a(job)}")
            story.tell(f"{person.they} {verb} {value}")
            story.know("job", person, job)
            story.ask("what", f"What is {person}'s job?", "job", person, WANTED)
            story.ask("who", f"Who is the {job}?", "job", WANTED, job)
        story.know("trait", person, value.split()[-1])
        story.ask(kind, forward.format(person), "trait", person, WANTED)
        story.ask("who", backward.format(value), "trait", WANTED, value.split()[-1])
    return story


def meals(r):
    """Emma had porridge for breakfast and soup for lunch."""
    story = Story()
    people = r.sample(PEOPLE, 2)
    foods = r.sample(FOODS, 3)
    eaten = sorted(r.sample(range(3), 2))
    times = [MEALS[index] for index in eaten]
    rows = [(people[0], foods[0], times[0]), (people[0], foods[1], times[1])]
    story.tell(f"{people[0]} had {foods[0]} for {times[0]} and {foods[1]} for {times[1]}")
    if r.random() < 0.5:
        rows.append((people[1], foods[2], r.choice(times)))
        story.tell(f"{people[1]} had {foods[2]} for {rows[2][2]}")
    for person, food, meal in rows:
        story.know("ate", person, food, meal)
        story.ask("what", f"What did {person} have for {meal}?", "ate", person, WANTED, meal)
        story.ask("who", f"Who had {food}?", "ate", WANTED, food, ANY)
    return story


def animals(r):
    """A brown dog is sleeping under the table. A grey cat is sitting on the roof."""
    story = Story()
    count = several(r)
    rows = zip(
        r.sample(SMALL_ANIMALS, count), r.sample(ANIMAL_COLOURS, count), r.sample(SPOTS, count)
    )
    for animal, colour, (preposition, spot) in rows:
        doing = r.choice(RESTING)
        story.tell(f"{a(colour + ' ' + animal)} is {doing} {preposition} the {spot}")
        story.know("animal", animal, colour, f"{preposition} the {spot}")
        story.know("spot", animal, spot)
        story.ask("colour", f"What colour is the {animal}?", "animal", animal, WANTED, ANY)
        story.ask("what", f"What is the {animal} {doing} {preposition}?", "spot", animal, WANTED)
        where = f"{preposition} the {spot}"
        story.ask("what", f"Which animal is {where}?", "animal", WANTED, ANY, where)
        story.ask("what", f"Which animal is {colour}?", "animal", WANTED, colour, ANY)
    return story


def pens(r):
    """The goat is in the barn. The hen is in the field."""
    story = Story()
    count = several(r)
    for animal, pen in zip(r.sample(ANIMALS, count), r.sample(PENS, count)):
        story.tell(f"the {animal} is {r.choice(['', 'sleeping ', 'hiding '])}{pen.at}")
        story.know("in", animal, pen)
        story.ask("where", f"Where is the {animal}?", "in", animal, WANTED)
        story.ask("what", f"Which animal is {pen.at}?", "in", WANTED, pen)
    return story


def pets(r):
    """Nina has a cat called Coco. Omar has a dog called Rex."""
    story = Story()
    count = several(r)
    rows = zip(r.sample(PEOPLE, count), r.sample(PET_ANIMALS, count), r.sample(PETS, count))
    for person, animal, name in rows:
        story.tell(f"{person} has {a(animal)} called {name}")
        story.know("pet", person, animal, name)
        story.ask("what", f"What is the {animal} called?", "pet", ANY, animal, WANTED)
        story.ask("what", f"Which animal does {person} have?", "pet", person, WANTED, ANY)
        story.ask("who", f"Who has {a(animal)}?", "pet", WANTED, animal, ANY)
        story.ask("who", f"Who has a pet called {name}?", "pet", WANTED, ANY, name)
    return story


def tidying(r):
    """Lena put the key in the drawer and the coin on the shelf. Later she moved the coin."""
    story = Story()
    person = r.choice(PEOPLE)
    things = r.sample(SMALL_THINGS, 2)
    spots = r.sample(CONTAINERS, 3)
    if r.random() < 0.5:
        story.tell(f"{person} put the {things[0]} {spots[0].at} and the {things[1]} {spots[1].at}")
    else:
        story.tell(f"{person} put the {things[0]} {spots[0].at}")
        story.tell(f"{person.they} put the {things[1]} {spots[1].at}")
    final = {things[0]: spots[0], things[1]: spots[1]}
    now = ""
    if r.random() < 0.35:
        moved = r.choice(things)
        story.tell(f"later {person.they} moved the {moved} to the {spots[2]}")
        story.know("moved", moved, final[moved])
        story.ask(
            "order", f"Where was the {moved} before {person} moved it?", "moved", moved, WANTED
        )
        final[moved] = spots[2]
        now = " now"
    for thing, spot in final.items():
        story.know("lies", thing, spot)
        story.ask("where", f"Where is the {thing}{now}?", "lies", thing, WANTED)
        story.ask("what", f"What is {spot.at}{now}?", "lies", WANTED, spot)
    return story


def arrivals(r):
    """Ivan arrived before Lucy. Max arrived after Lucy."""
    story = Story()
    people = r.sample(PEOPLE, several(r))
    verb, root = r.choice([("arrived", "arrive"), ("left", "leave"), ("spoke", "speak")])
    pairs = list(zip(people, people[1:]))
    right = "right " if len(people) == 3 else ""
    for earlier, later in in_any_order(r, pairs):
        story.tell(
            r.choice([f"{earlier} {verb} before {later}", f"{later} {verb} after {earlier}"])
        )
        story.know("pair", earlier, later)
        story.ask("order", f"Who {verb} {right}after {earlier}?", "pair", earlier, WANTED)
        story.ask("order", f"Who {verb} {right}before {later}?", "pair", WANTED, later)
    story.know("ends", people[0], people[-1])
    story.ask("order", f"Who {verb} first?", "ends", WANTED, ANY)
    story.ask("order", f"Who {verb} last?", "ends", ANY, WANTED)
    return story


def race(r):
    """In the race Ivan was first, Lucy was second and Max was third."""
    story = Story()
    people = r.sample(PEOPLE, 3)
    ranks = in_any_order(r, ["first", "second", "third"])
    if r.random() < 0.5:
        ranks.sort()
    parts = [f"{person} {r.choice(['was', 'came'])} {rank}" for person, rank in zip(people, ranks)]
    story.tell(r.choice(["there was a race", "we had a race", "the race is over"]))
    story.tell(f"{parts[0]}, {parts[1]} and {parts[2]}")
    for person, rank in zip(people, ranks):
        story.know("rank", person, rank)
        story.ask("order", f"Who was {rank}?", "rank", WANTED, rank)
    return story


def chores(r):
    """Sam washed the bus. Then he washed the car."""
    story = Story()
    person = r.choice(PEOPLE)
    verb, root, things = r.choice(CHORES)
    first, second = r.sample(things, 2)
    they = person.they
    form = r.randrange(4)
    if form == 0:
        story.tell(f"{person} {verb} the {first} before {they} {verb} the {second}")
    elif form == 1:
        story.tell(f"{person} {verb} the {second} after {they} {verb} the {first}")
    elif form == 2:
        story.tell(f"{person} {verb} the {first} and then the {second}")
    else:
        story.tell(f"{person} {verb} the {first}")
        story.tell(f"then {they} {verb} the {second}")
    story.know("done", first, second)
    story.ask("order", f"What did {person} {root} first?", "done", WANTED, ANY)
    story.ask("order", f"What did {person} {root} last?", "done", ANY, WANTED)
    story.ask("order", f"What did {person} {root} after the {first}?", "done", first, WANTED)
    story.ask("order", f"What did {person} {root} before the {second}?", "done", WANTED, second)
    return story


def family(r):
    """Ella's aunt is called Nina. Ella's brother is called Finn."""
    story = Story()
    person, *others = r.sample(PEOPLE, 3)
    relations = []
    for other in others:
        relations.append(
            r.choice([name for name in RELATIVES[other.they] if name not in relations])
        )
    if r.random() < 0.5:
        parts = [f"{a(relation)} called {other}" for relation, other in zip(relations, others)]
        story.tell(f"{person} has {parts[0]} and {parts[1]}")
    else:
        for relation, other in zip(relations, others):
            story.tell(f"{person}'s {relation} is called {other}")
    for relation, other in zip(relations, others):
        story.know("kin", other, relation)
        story.ask("who", f"Who is {person}'s {relation}?", "kin", WANTED, relation)
    return story


def comparison(r):
    """Vera is older than Tim. Tim is older than Max. Who is the oldest?"""
    story = Story()
    people = r.sample(PEOPLE, several(r))
    more, less, most, least = r.choice(COMPARED)
    for higher, lower in in_any_order(r, list(zip(people, people[1:]))):
        story.tell(
            r.choice([f"{higher} is {more} than {lower}", f"{lower} is {less} than {higher}"])
        )
        story.know("pair", higher, lower)
        either = " or ".join(in_any_order(r, [str(higher), str(lower)]))
        story.ask("who", f"Who is {more}, {either}?", "pair", WANTED, lower)
        story.ask("who", f"Who is {less}, {either}?", "pair", higher, WANTED)
    if len(people) == 3:
        story.know("ends", people[0], people[-1])
        story.ask("who", f"Who is the {most}?", "ends", WANTED, ANY)
        story.ask("who", f"Who is the {least}?", "ends", ANY, WANTED)
    return story


def travel(r):
    """Rosa took the train to the city. Peter took the bus to the village."""
    story = Story()
    count = several(r)
    rows = zip(r.sample(PEOPLE, count), r.sample(VEHICLES, count), r.sample(OUTINGS, count))
    for person, vehicle, place in rows:
        story.tell(f"{person} took the {vehicle} to the {place}")
        story.know("rode", person, vehicle, place)
        story.ask("what", f"What did {person} take?", "rode", person, WANTED, ANY)
        story.ask("where", f"Where did {person} go?", "rode", person, ANY, WANTED)
        story.ask("who", f"Who went to the {place}?", "rode", WANTED, ANY, place)
        story.ask("who", f"Who took the {vehicle}?", "rode", WANTED, vehicle, ANY)
    return story


def weather(r):
    """On Monday it was sunny. On Tuesday it was windy."""
    story = Story()
    count = several(r)
    days = sorted(r.sample(DAYS, count), key=DAYS.index)
    for day, sky in zip(days, r.sample(WEATHER, count)):
        story.tell(r.choice([f"on {day} it was {sky}", f"it was {sky} on {day}"]))
        story.know("sky", day, sky)
        story.ask("when", f"When was it {sky}?", "sky", WANTED, sky)
        story.ask("what", f"What was the weather like on {day}?", "sky", day, WANTED)
    return story


def birthdays(r):
    """Lucy's birthday is in May. Tim's birthday is in June."""
    story = Story()
    count = several(r)
    for person, month in zip(r.sample(PEOPLE, count), r.sample(MONTHS, count)):
        story.tell(f"{person}'s birthday is in {month}")
        story.know("birthday", person, month)
        story.ask("when", f"When is {person}'s birthday?", "birthday", person, WANTED)
        story.ask("who", f"Whose birthday is in {month}?", "birthday", WANTED, month)
    return story


def clothes(r):
    """Hugo wore a yellow coat and a black hat. Mia wore a green coat."""
    story = Story()
    people, colours = r.sample(PEOPLE, 2), r.sample(COLOURS, 3)
    worn = r.sample(CLOTHES, 2)
    rows = [(people[0], colours[0], worn[0]), (people[0], colours[1], worn[1])]
    verb = r.choice(["wore", "chose", "bought"])
    story.tell(
        f"{people[0]} {verb} {a(colours[0] + ' ' + worn[0])} and {a(colours[1] + ' ' + worn[1])}"
    )
    if r.random() < 0.5:
        rows.append((people[1], colours[2], r.choice(worn)))
        story.tell(f"{people[1]} {verb} {a(colours[2] + ' ' + rows[2][2])}")
    for person, colour, garment in rows:
        story.know("wore", person, colour, garment)
        story.ask(
            "colour", f"What colour was {person}'s {garment}?", "wore", person, WANTED, garment
        )
        story.ask("who", f"Who {verb} the {colour} {garment}?", "wore", WANTED, colour, garment)
    return story


SCENES = [
    whereabouts,
    journey,
    week,
    calls,
    belongings,
    errands,
    gift,
    counting,
    change,
    portraits,
    meals,
    animals,
    pens,
    pets,
    tidying,
    arrivals,
    race,
    chores,
    family,
    comparison,
    travel,
    weather,
    birthdays,
    clothes,
]
