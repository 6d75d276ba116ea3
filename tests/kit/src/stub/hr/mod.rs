//! HR systems and directories that list one staff, each in its own dialect.
//!
//! The truth is a [`Staff`]: people and their spells. Every stub renders it: with its own ids, its own default filters
//! (who left is hidden unless it is asked for), its own paging, its own way of leaving out what the credential may not
//! see.

mod bamboohr;
mod directory;
mod hibob;
mod json;
mod personio;
mod rippling;
mod workday;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{Days, NaiveDate};

pub use bamboohr::BambooHr;
pub use directory::{Entra, Okta};
pub use hibob::HiBob;
pub use json::{Json, Paging};
pub use personio::Personio;
pub use rippling::Rippling;
pub use workday::Workday;

/// The secret every stub takes.
pub const SECRET: &str = "right-secret-3f9c";

/// How somebody is employed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Employee.
    Employee,
    /// Contractor.
    Contractor,
}

/// How things stand beside the dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// As the dates say.
    Plain,
    /// On leave.
    Leave,
    /// On garden leave.
    GardenLeave,
}

/// One spell of employment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spell {
    /// First day.
    pub start: NaiveDate,
    /// Last day, included.
    pub end: Option<NaiveDate>,
    /// Last day worked, where it is told.
    pub last_day: Option<NaiveDate>,
    /// Sort.
    pub sort: Sort,
    /// Mood.
    pub mood: Mood,
}

/// One person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Number in the company; ids of the systems are made of it.
    pub number: u32,
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// Work address.
    pub email: String,
    /// Private address.
    pub private_email: Option<String>,
    /// Where they work.
    pub place: String,
    /// Spells, in order.
    pub spells: Vec<Spell>,
}

impl Member {
    /// The spell that counts today.
    pub fn present(&self) -> &Spell {
        self.spells.last().unwrap_or_else(|| missing())
    }

    /// First day of all.
    pub fn first_day(&self) -> NaiveDate {
        self.spells.first().unwrap_or_else(|| missing()).start
    }

    /// Whether the last spell is over.
    pub fn has_left(&self, today: NaiveDate) -> bool {
        self.present().end.is_some_and(|end| end < today)
    }

    /// Whether the first spell has not begun.
    pub fn is_to_come(&self, today: NaiveDate) -> bool {
        self.first_day() > today
    }

    /// Both names.
    pub fn name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }
}

#[expect(clippy::panic, reason = "a staff whose members have no spell is a mistake of the test")]
fn missing() -> ! {
    panic!("a member without a spell")
}

/// Everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    /// The day on which it is rendered.
    pub today: NaiveDate,
    /// People.
    pub members: Vec<Member>,
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default()
}

impl Staff {
    /// A company with one of each case: employed, left, leaving later, on garden leave, on leave, back after a gap, a
    /// contractor, somebody who begins later; and `more` plain colleagues.
    pub fn sample(today: NaiveDate, more: u32) -> Self {
        let ago = |days: u64| today - Days::new(days);
        let ahead = |days: u64| today + Days::new(days);
        let spell = |start, end| Spell { start, end, last_day: None, sort: Sort::Employee, mood: Mood::Plain };
        let old = day(2020, 3, 2);
        let mut members = vec![
            member(1, "Ana", "Silva", vec![spell(old, Some(ago(30)))]),
            member(2, "Bea", "Braun", vec![spell(old, None)]),
            member(3, "Cem", "Can", vec![spell(old, Some(ahead(20)))]),
            member(
                4,
                "Dana",
                "Dorn",
                vec![Spell { last_day: Some(ago(10)), mood: Mood::GardenLeave, ..spell(old, Some(ahead(40))) }],
            ),
            member(5, "Eli", "Ernst", vec![Spell { mood: Mood::Leave, ..spell(old, None) }]),
            member(6, "Fay", "Fox", vec![spell(old, Some(ago(400))), spell(ago(90), None)]),
            member(7, "Gus", "Gray", vec![Spell { sort: Sort::Contractor, ..spell(old, Some(ago(5))) }]),
            member(8, "Hal", "Hunt", vec![spell(ahead(15), None)]),
        ];
        for number in 100..100 + more {
            members.push(member(number, "Person", &number.to_string(), vec![spell(old, None)]));
        }
        Self { today, members }
    }

    /// A member by number.
    ///
    /// # Panics
    /// There is none.
    #[expect(clippy::panic, reason = "a test that names nobody is a mistake")]
    pub fn member(&mut self, number: u32) -> &mut Member {
        self.members.iter_mut().find(|member| member.number == number).unwrap_or_else(|| panic!("no member {number}"))
    }

    /// Everybody whose last spell is over.
    pub fn leavers(&self) -> BTreeSet<u32> {
        self.members.iter().filter(|member| member.has_left(self.today)).map(|member| member.number).collect()
    }
}

/// A member with addresses made of the name.
pub fn member(number: u32, first: &str, last: &str, spells: Vec<Spell>) -> Member {
    let login = format!("{}.{}", first.to_lowercase(), last.to_lowercase());
    Member {
        number,
        first: String::from(first),
        last: String::from(last),
        email: format!("{login}@acme.example"),
        private_email: (number == 1).then(|| format!("{login}@private.example")),
        place: String::from(if number.is_multiple_of(2) { "Berlin" } else { "Austin" }),
        spells,
    }
}

/// What all stubs have: the truth, and what the credential may not see.
#[derive(Debug, Clone)]
pub struct Truth {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    staff: Staff,
    hidden: BTreeSet<String>,
    page: usize,
}

impl Truth {
    /// Over this staff.
    pub fn new(staff: Staff) -> Self {
        Self { inner: Arc::new(Mutex::new(Inner { staff, hidden: BTreeSet::new(), page: 4 })) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The staff as it is now.
    pub fn staff(&self) -> Staff {
        self.lock().staff.clone()
    }

    /// Changes it.
    pub fn change(&self, change: impl FnOnce(&mut Staff)) {
        change(&mut self.lock().staff);
    }

    /// From now on the credential may not see this field, in the system's own words.
    pub fn hide(&self, field: &str) {
        self.lock().hidden.insert(String::from(field));
    }

    /// Members a page, at most what is asked for.
    pub fn page_size(&self, size: usize) {
        self.lock().page = size;
    }

    fn sees(&self, field: &str) -> bool {
        !self.lock().hidden.contains(field)
    }

    fn hidden(&self) -> Vec<String> {
        self.lock().hidden.iter().cloned().collect()
    }

    fn page(&self) -> usize {
        self.lock().page
    }
}

/// `user:password` out of Basic.
fn basic(asked: &crate::fault::Asked) -> Option<(String, String)> {
    let encoded = asked.header("authorization")?.strip_prefix("Basic ")?;
    let bytes = data_encoding::BASE64.decode(encoded.as_bytes()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((String::from(user), String::from(password)))
}
