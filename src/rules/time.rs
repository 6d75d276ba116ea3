//! Times inside an expression: an instant, or an interval that a comparison may not be able to decide.

use std::any::Any;
use std::cmp::Ordering;

use cel::ExecutionError;
use cel::common::traits::{Adder, Comparer, Subtractor};
use cel::common::types::{CelDuration, CelTimestamp, Type};
use cel::common::value::{CowVal, StaticVal, Val};
use chrono::{TimeDelta, Utc};
use scan_contract::{Instant, Moment};

use crate::roster::AccessEnd;

static TIME: Type = Type::new_unspecified_type("time");

/// What sort of time it is; decides how it compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Known to the instant.
    Exact,
    /// The end of access: an interval where only a default zone is known.
    End,
    /// A time as a source gives it, with its precision.
    Moment,
}

/// A time whose true instant lies between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time {
    sort: Sort,
    nominal: Instant,
    earliest: Instant,
    latest: Instant,
    /// Whether `latest` itself is excluded.
    open: bool,
    /// The fact it came from, named when a comparison cannot be decided.
    fact: &'static str,
}

impl Time {
    /// A time known to the instant.
    pub(super) fn exact(at: Instant, fact: &'static str) -> Self {
        Self { sort: Sort::Exact, nominal: at, earliest: at, latest: at, open: false, fact }
    }

    /// A source's time with its precision.
    pub(super) fn moment(moment: &Moment, fact: &'static str) -> Self {
        Self {
            sort: Sort::Moment,
            nominal: moment.at,
            earliest: moment.at,
            latest: moment.settled_at(),
            open: moment.precision_seconds > 0,
            fact,
        }
    }

    /// The end of access; `nominal` is the instant that due times are counted from.
    pub(super) fn end(nominal: Instant, end: &AccessEnd, fact: &'static str) -> Self {
        Self { sort: Sort::End, nominal, earliest: end.earliest, latest: end.latest, open: false, fact }
    }

    /// An end known to the instant.
    pub(super) fn exact_end(at: Instant, fact: &'static str) -> Self {
        Self { sort: Sort::End, ..Self::exact(at, fact) }
    }

    fn is_precise(&self) -> bool {
        self.earliest == self.latest
    }

    /// Where `self` certainly stands to `end`. `None`: it may be on either side.
    fn against(&self, end: &Self) -> Option<Ordering> {
        if self.is_precise() && end.is_precise() {
            return Some(self.earliest.cmp(&end.earliest));
        }
        if self.earliest >= end.latest {
            return Some(Ordering::Greater);
        }
        let before = if self.open { self.latest <= end.earliest } else { self.latest < end.earliest };
        before.then_some(Ordering::Less)
    }

    /// The order of two times, or the fact that is too coarse to tell.
    ///
    /// A time that begins exactly at the other counts as after it, so an expression asks `>=` or `<` of a moment; the
    /// check refuses the other two. An end has passed at its nominal instant, as for the roster.
    pub(super) fn order(&self, other: &Self) -> Result<Ordering, &'static str> {
        let decided = match (self.sort, other.sort) {
            (Sort::Exact, Sort::End) if other.is_present_against(self) => return Ok(self.nominal.cmp(&other.nominal)),
            (Sort::End, Sort::Exact) if self.is_present_against(other) => return Ok(self.nominal.cmp(&other.nominal)),
            (Sort::End, Sort::Exact | Sort::Moment) | (Sort::Exact, Sort::Moment) => {
                other.against(self).map(Ordering::reverse)
            }
            _ => self.against(other),
        };
        decided.ok_or(if self.sort == Sort::Moment || (other.is_precise() && !self.is_precise()) {
            self.fact
        } else {
            other.fact
        })
    }

    /// Whether `other` is the present: the roster's nominal end decides whether an end has passed.
    fn is_present_against(&self, other: &Self) -> bool {
        self.sort == Sort::End && other.fact == NOW
    }

    fn shifted(&self, by: TimeDelta) -> Option<Self> {
        Some(Self {
            nominal: self.nominal.checked_add_signed(by)?,
            earliest: self.earliest.checked_add_signed(by)?,
            latest: self.latest.checked_add_signed(by)?,
            ..*self
        })
    }
}

/// Name of the fact that is the present.
pub(super) const NOW: &str = "now";

/// Function name of the error that carries the name of a hidden fact through an evaluation.
pub(super) const HIDDEN: &str = "hidden";

/// The error that says which fact was hidden.
pub(super) fn hidden(fact: &str) -> ExecutionError {
    ExecutionError::FunctionError { function: HIDDEN.to_owned(), message: fact.to_owned() }
}

impl Val for Time {
    fn get_type(&self) -> &Type {
        &TIME
    }

    fn cel_type() -> &'static Type {
        &TIME
    }

    fn as_comparer(&self) -> Option<&dyn Comparer> {
        Some(self)
    }

    fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn Adder + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_subtractor<'b, 'v>(&'b self) -> Option<&'b (dyn Subtractor + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(*self)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Time {}

impl Comparer for Time {
    fn compare(&self, other: &dyn Val) -> Result<Ordering, ExecutionError> {
        if let Some(other) = other.downcast_ref::<Self>() {
            return self.order(other).map_err(hidden);
        }
        match other.downcast_ref::<CelTimestamp>() {
            Some(literal) => self.order(&Self::exact(literal.inner().with_timezone(&Utc), "timestamp")).map_err(hidden),
            None => Err(ExecutionError::no_such_overload("compare", vec![TIME.name().to_owned()])),
        }
    }
}

impl Adder for Time {
    fn add<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        other
            .downcast_ref::<CelDuration>()
            .and_then(|by| self.shifted(*by.inner()))
            .map(CowVal::owned)
            .ok_or_else(|| ExecutionError::no_such_overload("add", vec![TIME.name().to_owned()]))
    }
}

impl Subtractor for Time {
    fn sub<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        other
            .downcast_ref::<CelDuration>()
            .and_then(|by| self.shifted(-*by.inner()))
            .map(CowVal::owned)
            .ok_or_else(|| ExecutionError::no_such_overload("sub", vec![TIME.name().to_owned()]))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::NaiveDate;

    use super::*;
    use crate::roster::EndSource;

    fn instant(text: &str) -> Instant {
        text.parse().expect("a test writes valid instants")
    }

    fn wide_end() -> Time {
        let end = AccessEnd {
            at: instant("2026-07-31T22:00:00Z"),
            earliest: instant("2026-07-31T10:00:00Z"),
            latest: instant("2026-08-01T12:00:00Z"),
            source: EndSource::EndDate,
            zone: Arc::from("Europe/Berlin"),
            zone_is_default: true,
            known_at: None,
        };
        Time::end(end.at, &end, "person.access_end_at")
    }

    #[test]
    fn a_moment_that_straddles_the_end_names_itself_and_one_that_begins_at_it_is_after() {
        let end = Time::exact_end(instant("2026-07-31T12:00:00Z"), "person.access_end_at");
        let day = Moment::day(NaiveDate::from_ymd_opt(2026, 7, 31).expect("a date"));
        let straddling = Time::moment(&day, "access.created_at");
        assert_eq!(straddling.order(&end), Err("access.created_at"));
        assert_eq!(end.order(&straddling), Err("access.created_at"));
        let midnight = Time::exact_end(instant("2026-07-31T00:00:00Z"), "person.access_end_at");
        assert_eq!(straddling.order(&midnight), Ok(Ordering::Greater));
        assert_eq!(midnight.order(&straddling), Ok(Ordering::Less));
        let next = Time::exact_end(instant("2026-08-01T00:00:00Z"), "person.access_end_at");
        assert_eq!(straddling.order(&next), Ok(Ordering::Less));
    }

    #[test]
    fn an_end_known_as_an_interval_has_passed_at_its_nominal_instant_but_does_not_date_other_facts() {
        let end = wide_end();
        let now = Time::exact(instant("2026-08-01T03:30:00Z"), NOW);
        assert_eq!(end.order(&now), Ok(Ordering::Less));
        assert_eq!(now.order(&end), Ok(Ordering::Greater));
        let at = |text| Time::moment(&Moment::exact(instant(text)), "access.created_at");
        assert_eq!(at("2026-08-01T03:30:00Z").order(&end), Err("access.created_at"));
        assert_eq!(at("2026-08-01T12:00:00Z").order(&end), Ok(Ordering::Greater));
        assert_eq!(at("2026-07-31T09:59:59Z").order(&end), Ok(Ordering::Less));
        let cutoff = Time::exact(instant("2026-08-01T03:30:00Z"), "access.cutoff_at");
        assert_eq!(cutoff.order(&end), Err("person.access_end_at"));
    }
}
