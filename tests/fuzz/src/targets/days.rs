//! Civil days in zones: where a day begins and ends, and the written forms of times.

use chrono::{NaiveDate, TimeDelta};
use chrono_tz::TZ_VARIANTS;
use holdover::roster::zones::{Zone, anywhere_after};
use holdover::yaml::forms;

pub(super) const HOLDS: &str = "a day ends after it begins, within 26 hours and where the next one begins; the instant before is an \
    earlier day; its end lies between the first and the last anywhere; an instant, a date and a duration that are read are \
    what another reader reads";

pub(super) fn run(bytes: &[u8]) {
    if let Some(numbers) = bytes.first_chunk::<4>() {
        let zone = &TZ_VARIANTS[usize::from(u16::from_le_bytes([numbers[0], numbers[1]])) % TZ_VARIANTS.len()];
        let days = i64::from(u16::from_le_bytes([numbers[2], numbers[3]])) % 29_000;
        let day = NaiveDate::from_ymd_opt(1971, 1, 1).and_then(|day| day.checked_add_signed(TimeDelta::days(days)));
        if let Ok(zone) = Zone::parse(zone.name()) {
            check_day(&zone, day.expect("a day before 2051"));
        }
    }
    let text = String::from_utf8_lossy(bytes);
    check_forms(&text);
    if let Ok(zone) = Zone::parse(&text) {
        assert!(text == "UTC" || text.contains('/'), "{text:?} is a zone");
        assert_eq!(&**zone.name(), text);
    }
}

fn check_day(zone: &Zone, day: NaiveDate) {
    let name = zone.name();
    let (begins, ends) = (zone.first_instant(day), zone.first_instant_after(day));
    let length = ends - begins;
    let next = day.succ_opt().expect("there is a next day");
    assert_eq!(ends, zone.first_instant(next), "{day} in {name}");
    assert!(length >= TimeDelta::zero() && length <= TimeDelta::hours(49), "{day} in {name} lasts {length}");
    assert!(zone.date_at(begins) >= day, "{day} in {name} begins at {begins}");
    assert!(zone.date_at(begins - TimeDelta::seconds(1)) < day, "{day} in {name} begins before {begins}");
    let (first, last) = anywhere_after(day);
    // Before 1995 the date line ran elsewhere.
    if day.format("%Y").to_string().as_str() >= "1996" {
        assert!(first <= ends && ends <= last, "{day} in {name} ends at {ends}, not between {first} and {last}");
    }
}

fn check_forms(text: &str) {
    let other = chrono::DateTime::parse_from_rfc3339(text);
    if let Some(instant) = forms::instant(text) {
        let other = other.unwrap_or_else(|error| panic!("{text:?} is no instant: {error}"));
        assert_eq!(instant, other.to_utc());
    }
    if let Some(date) = forms::date(text) {
        assert_eq!(date.format("%Y-%m-%d").to_string(), text);
    }
    if let Some(duration) = forms::duration(text) {
        let again = forms::duration(&forms::duration_text(duration));
        assert_eq!(again, Some(duration), "{text:?}");
    }
}
