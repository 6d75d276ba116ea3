//! Everybody.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::{cast, day, make::at};
use crate::random::Random;
use crate::world::{Alias, AliasKind, Person, Source, Stint};

/// Stands in the roster and in no output.
pub(super) const LEGAL_NAME: &str = "Zebediah Canary-Legalname";

/// A private address: it decides, and stands in no output.
pub(super) const PRIVATE_ADDRESS: &str = "night.owl.4711@mail.example";

/// A departure that is not announced.
pub(super) const SECRET_BATCH: &str = "wave-2";

/// Numbers of people.
const EMPLOYEES: usize = 264;
const CONTRACTORS: usize = 36;
/// People who leave on one day, those of the cast included.
const WAVE: usize = 40;

/// Names in several scripts, with what their addresses are made of.
const GIVEN: [(&str, &str); 24] = [
    ("Ana", "ana"),
    ("Zoë", "zoe"),
    ("Łukasz", "lukasz"),
    ("Мария", "maria"),
    ("Дмитрий", "dmitri"),
    ("Ιωάννα", "ioanna"),
    ("伟", "wei"),
    ("さくら", "sakura"),
    ("민준", "minjun"),
    ("प्रिया", "priya"),
    ("فاطمة", "fatima"),
    ("דוד", "david"),
    ("Søren", "soren"),
    ("Núria", "nuria"),
    ("Jürgen", "juergen"),
    ("Chloé", "chloe"),
    ("Ngọc", "ngoc"),
    ("İbrahim", "ibrahim"),
    ("Aoife", "aoife"),
    ("Kwame", "kwame"),
    ("Thandiwe", "thandiwe"),
    ("Miguel", "miguel"),
    ("Ingrid", "ingrid"),
    ("Tom", "tom"),
];
const FAMILY: [(&str, &str); 24] = [
    ("Silva", "silva"),
    ("O’Brien", "obrien"),
    ("Wiśniewska", "wisniewska"),
    ("Иванова", "ivanova"),
    ("Петров", "petrov"),
    ("Παπαδοπούλου", "papadopoulou"),
    ("陈", "chen"),
    ("田中", "tanaka"),
    ("김", "kim"),
    ("नायर", "nair"),
    ("الزهراء", "alzahra"),
    ("כהן", "cohen"),
    ("Åkesson", "akesson"),
    ("Ferrer i Puig", "ferrer"),
    ("Groß", "gross"),
    ("Lefèvre", "lefevre"),
    ("Trần", "tran"),
    ("Yıldız", "yildiz"),
    ("Ní Bhriain", "nibhriain"),
    ("Mensah", "mensah"),
    ("Dlamini", "dlamini"),
    ("Núñez", "nunez"),
    ("Bjørnsen", "bjornsen"),
    ("Becker", "becker"),
];
/// Names that an old western code page can write.
const WESTERN: [usize; 10] = [0, 1, 12, 13, 14, 15, 18, 19, 21, 23];

const ZONES: [Tz; 8] = [
    Tz::Europe__Berlin,
    Tz::America__Sao_Paulo,
    Tz::America__Los_Angeles,
    Tz::Asia__Kolkata,
    Tz::Australia__Sydney,
    Tz::Europe__Dublin,
    Tz::Asia__Tokyo,
    Tz::America__New_York,
];

const DEPARTMENTS: [&str; 6] = ["Engineering", "Sales", "Finance", "Support", "People", "Operations"];

/// Everybody, with what systems need to know of them.
pub(super) struct Roll {
    /// Sorted by id.
    pub(super) people: Vec<Person>,
}

impl Roll {
    /// Somebody; the cast is always there.
    pub(super) fn get(&self, id: &str) -> &Person {
        let at = self.people.partition_point(|person| person.id.as_str() < id);
        &self.people[at.min(self.people.len() - 1)]
    }

    /// Number of somebody in the roster.
    pub(super) fn number(&self, id: &str) -> &str {
        &self.get(id).stints[0].record
    }

    /// Address of somebody.
    pub(super) fn email(&self, id: &str) -> &str {
        &self.get(id).email
    }
}

fn stint(source: Source, record: String, start: NaiveDate, zone: Option<Tz>) -> Stint {
    Stint {
        source,
        record,
        start,
        end: None,
        last_day_worked: None,
        access_end_at: None,
        zone,
        employment: if source == Source::Hris { "employee" } else { "contractor" },
        status: "active",
        termination: None,
        immediate: false,
        tier: 2,
        batch: None,
        legal_hold: false,
    }
}

/// Draws everybody.
pub(super) fn roll(random: &Random) -> Roll {
    let mut random = random.fork("people");
    let mut taken = BTreeSet::from([String::from("j.smith")]);
    let mut people = Vec::new();
    for number in 1..=EMPLOYEES {
        people.push(draw(&mut random, &mut taken, Source::Hris, number));
    }
    for number in 1..=CONTRACTORS {
        people.push(draw(&mut random, &mut taken, Source::Contractors, number));
    }
    let mut canary = draw(&mut random, &mut taken, Source::Hris, 9001);
    canary.name = String::from("Holdover Sentinel");
    canary.email = String::from("sentinel@meridian.example");
    ends(&mut canary, "2026-01-31", "voluntary");
    people.push(canary);
    people.sort_by(|left, right| left.id.cmp(&right.id));
    for person in &mut people {
        play(person);
    }
    wave(&mut people);
    contractors(&mut people);
    earlier(&mut people);
    for (id, login) in super::hosts::ON_HOSTS {
        if let Some(person) = people.iter_mut().find(|person| person.id == id) {
            person.aliases.push(alias(AliasKind::Username, login, Some("fleet")));
        }
    }
    Roll { people }
}

fn draw(random: &mut Random, taken: &mut BTreeSet<String>, source: Source, number: usize) -> Person {
    let (given, family) = match source {
        Source::Hris => (random.pick(&GIVEN), random.pick(&FAMILY)),
        Source::Contractors => (&GIVEN[*random.pick(&WESTERN)], &FAMILY[*random.pick(&WESTERN)]),
    };
    let base = format!("{}.{}", given.1, family.1);
    let mut local = base.clone();
    let mut again = 1;
    while !taken.insert(local.clone()) {
        again += 1;
        local = format!("{base}{again}");
    }
    let (id, record) = match source {
        Source::Hris => (format!("p-{number:04}"), format!("{:05}", 400 + number * 3)),
        Source::Contractors => (format!("c-{number:04}"), format!("A-{:03}", 100 + number)),
    };
    let start = day("2016-01-04") + chrono::TimeDelta::days(i64::try_from(random.below(3_400)).unwrap_or(0));
    let zone = *random.pick(&ZONES);
    let mut first = stint(source, record, start, Some(zone));
    first.tier = if random.chance(30) { 1 } else { 2 + u8::from(random.chance(40)) };
    Person {
        id,
        name: format!("{} {}", given.0, family.0),
        legal_name: None,
        email: format!("{local}@meridian.example"),
        manager: (source == Source::Hris && number > 4).then(|| String::from(cast::CO_OWNER)),
        department: (*random.pick(&DEPARTMENTS)).to_owned(),
        stints: vec![first],
        aliases: Vec::new(),
    }
}

fn ends(person: &mut Person, last_day: &str, how: &'static str) {
    let stint = &mut person.stints[0];
    stint.end = Some(day(last_day));
    stint.status = "ended";
    stint.termination = Some(how);
}

fn alias(kind: AliasKind, value: &str, system: Option<&str>) -> Alias {
    Alias { kind, value: value.to_owned(), system: system.map(str::to_owned), personal: false, window: (None, None) }
}

/// Gives the cast its parts.
fn play(person: &mut Person) {
    play_staff_and_first(person);
    play_spells(person);
    play_others(person);
}

/// What most parts begin with.
fn set(person: &mut Person, name: &str, local: &str, zone: Tz, tier: u8) {
    name.clone_into(&mut person.name);
    person.email = format!("{local}@meridian.example");
    person.stints[0].zone = Some(zone);
    person.stints[0].tier = tier;
    person.stints[0].start = day("2019-04-01");
    person.department = String::from("Engineering");
}

/// Those who stay and decide, and those the story begins with.
fn play_staff_and_first(person: &mut Person) {
    match person.id.clone().as_str() {
        cast::LEAD => set(person, "Ingrid Åkesson", "ingrid.akesson.sec", Tz::Europe__Berlin, 0),
        cast::SECOND => set(person, "Kwame Mensah", "kwame.mensah.sec", Tz::Europe__Berlin, 0),
        cast::MANAGER => set(person, "Aoife Ní Bhriain", "aoife.it", Tz::Europe__Dublin, 1),
        cast::CO_OWNER => set(person, "Jürgen Groß", "juergen.platform", Tz::Europe__Berlin, 1),
        cast::GRAPH => set(person, "Ana Silva", "ana.c.silva", Tz::America__Sao_Paulo, 1),
        cast::ADMIN => {
            set(person, "陈博", "bo.chen", Tz::America__Los_Angeles, 0);
            person.stints[0].immediate = true;
            person.stints[0].access_end_at = Some(at("2026-07-31T17:00:00Z"));
        }
        cast::SESSION => set(person, "Мария Иванова", "maria.ivanova.ops", Tz::Europe__Berlin, 1),
        cast::UNDECIDED => set(person, "प्रिया नायर", "priya.k.nair", Tz::Asia__Kolkata, 2),
        _ => {}
    }
}

/// Those whose employment has more than a beginning and an end.
fn play_spells(person: &mut Person) {
    match person.id.clone().as_str() {
        cast::REHIRED => {
            set(person, "Tom Becker", "tom.becker.qa", Tz::Europe__Berlin, 2);
            ends(person, "2024-03-31", "voluntary");
            let mut again = stint(
                Source::Hris,
                person.stints[0].record.clone() + "-2",
                day("2025-01-07"),
                Some(Tz::Europe__Berlin),
            );
            again.tier = 2;
            person.stints.push(again);
        }
        cast::CONVERTED => {
            set(person, "Chloé Lefèvre", "chloe.lefevre.web", Tz::Europe__Berlin, 2);
            ends(person, "2025-12-31", "transfer");
            let again = stint(Source::Contractors, String::from("A-900"), day("2026-01-01"), Some(Tz::Europe__Berlin));
            person.stints.push(again);
            person.aliases.push(alias(AliasKind::ProviderId, "A-900", Some("contractors")));
        }
        cast::GARDEN => {
            set(person, "Miguel Núñez", "miguel.nunez.sales", Tz::Europe__Berlin, 2);
            let stint = &mut person.stints[0];
            stint.last_day_worked = Some(day("2026-06-30"));
            stint.end = Some(day("2026-09-30"));
            stint.status = "garden_leave";
            stint.termination = Some("voluntary");
        }
        cast::ON_LEAVE => {
            set(person, "Thandiwe Dlamini", "thandiwe.dlamini.hr", Tz::Europe__Berlin, 2);
            person.stints[0].status = "leave";
        }
        cast::DECEASED => {
            set(person, "Søren Bjørnsen", "soren.bjornsen.fin", Tz::Europe__Berlin, 2);
            ends(person, "2026-05-10", "death");
        }
        cast::OLD_SMITH => {
            set(person, "John Smith", "j.smith", Tz::Europe__Dublin, 2);
            person.stints[0].start = day("2018-02-01");
            ends(person, "2023-06-30", "voluntary");
            let mut own = alias(AliasKind::Email, "j.smith@meridian.example", None);
            own.window = (Some(day("2018-02-01")), Some(day("2023-06-30")));
            person.aliases.push(own);
        }
        cast::NEW_SMITH => {
            set(person, "Jane Smith", "j.smith", Tz::America__New_York, 2);
            person.stints[0].start = day("2025-03-03");
            let mut own = alias(AliasKind::Email, "j.smith@meridian.example", None);
            own.window = (Some(day("2025-03-03")), None);
            person.aliases.push(own);
        }
        _ => {}
    }
}

/// Those who own, know, or are called something.
fn play_others(person: &mut Person) {
    match person.id.clone().as_str() {
        cast::OUTSIDER => {
            set(person, "Łukasz Wiśniewski", "lukasz.w", Tz::Europe__Berlin, 2);
            let mut private = alias(AliasKind::Email, PRIVATE_ADDRESS, None);
            private.personal = true;
            person.aliases.push(private);
        }
        cast::SOLE_OWNER => set(person, "さくら 田中", "sakura.data", Tz::Asia__Tokyo, 1),
        cast::SHARED_OWNER => set(person, "Ιωάννα Παπαδοπούλου", "ioanna.data", Tz::Europe__Berlin, 2),
        cast::KEY_MAKER => set(person, "민준 김", "minjun.ci", Tz::Europe__Berlin, 2),
        cast::NEW_NAME => {
            set(person, "Zoë Ferrer", "zoe.ferrer", Tz::Europe__Berlin, 2);
            person.legal_name = Some(String::from(LEGAL_NAME));
            person.aliases.push(alias(AliasKind::Email, "z.oldname@meridian-old.example", None));
        }
        cast::FORMULA => {
            set(person, "=HYPERLINK(\"https://evil.example\",\"Bonus\")", "formula", Tz::Europe__Berlin, 3);
        }
        // Control characters do not belong into a roster; what reorders a line and looks like markup gets through.
        cast::ESCAPES => set(person, "<img src=x onerror=alert(1)> \u{202e}nimda", "escapes", Tz::Europe__Berlin, 3),
        cast::FUTURE => {
            set(person, "Ngọc Trần", "ngoc.tran.lead", Tz::Europe__Berlin, 1);
            person.stints[0].end = Some(day("2026-08-31"));
            person.stints[0].termination = Some("involuntary");
            person.stints[0].batch = Some(String::from(SECRET_BATCH));
        }
        cast::LAST_HOUR => {
            set(person, "David Cohen", "david.cohen.la", Tz::America__Los_Angeles, 2);
            ends(person, "2026-08-02", "voluntary");
        }
        cast::LAST_NIGHT => {
            set(person, "Дмитрий Петров", "dmitri.petrov.ops", Tz::Europe__Berlin, 2);
            ends(person, "2026-08-02", "voluntary");
        }
        cast::READER => set(person, "İbrahim Yıldız", "ibrahim.ops", Tz::Europe__Berlin, 1),
        cast::HOLD => {
            set(person, "Núria Ferrer i Puig", "nuria.legal", Tz::Europe__Berlin, 2);
            person.stints[0].legal_hold = true;
        }
        cast::INVITED => set(person, "فاطمة الزهراء", "fatima.design", Tz::Europe__Berlin, 2),
        cast::EXCEPTED => set(person, "伟 陈", "wei.migration", Tz::Europe__Berlin, 2),
        cast::LAPSED => set(person, "Priya Nair", "priya.release", Tz::Europe__Dublin, 2),
        _ => {}
    }
}

/// The mass departure: some of the cast, and people drawn by their place on the roll.
fn wave(people: &mut [Person]) {
    const PLAYING: [&str; 17] = [
        cast::GRAPH,
        cast::ADMIN,
        cast::SESSION,
        cast::UNDECIDED,
        cast::OUTSIDER,
        cast::SOLE_OWNER,
        cast::SHARED_OWNER,
        cast::KEY_MAKER,
        cast::NEW_NAME,
        cast::FORMULA,
        cast::ESCAPES,
        cast::READER,
        cast::HOLD,
        cast::INVITED,
        cast::EXCEPTED,
        cast::LAPSED,
        // Everybody else of the wave has no part.
        "p-0060",
    ];
    let drawn =
        people.iter().map(|person| person.id.clone()).filter(|id| id.as_str() > "p-0060" && id.as_str() < "p-0260");
    let drawn: Vec<String> = drawn.step_by(8).take(WAVE - PLAYING.len()).collect();
    for person in people.iter_mut() {
        if PLAYING.contains(&person.id.as_str()) || drawn.contains(&person.id) {
            ends(person, "2026-07-31", "involuntary");
            person.stints[0].batch = Some(String::from("wave-1"));
        }
    }
}

fn contractors(people: &mut [Person]) {
    for person in people.iter_mut() {
        match person.id.as_str() {
            cast::NO_ZONE => {
                ends(person, "2026-07-30", "end_of_contract");
                person.stints[0].zone = None;
            }
            cast::EXTENDED => person.stints[0].end = Some(day("2026-12-31")),
            "c-0003" => ends(person, "2026-07-15", "end_of_contract"),
            _ => {}
        }
    }
}

/// People who left one by one before.
fn earlier(people: &mut [Person]) {
    for (id, last_day) in
        [("p-0050", "2026-02-27"), ("p-0051", "2025-11-30"), ("p-0052", "2026-06-19"), ("p-0053", "2024-08-31")]
    {
        if let Some(person) = people.iter_mut().find(|person| person.id == id) {
            person.stints[0].start = day("2018-09-03");
            ends(person, last_day, "voluntary");
        }
    }
}
