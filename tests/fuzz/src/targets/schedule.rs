//! Cron expressions at any instant in any zone.

use chrono::{DateTime, TimeDelta};
use chrono_tz::{TZ_VARIANTS, Tz};
use holdover::config::cron::CronExpression;

pub(super) const HOLDS: &str = "an expression that is accepted comes: the next instant lies ahead, and none lies between; the last one \
    is not ahead; whatever a clock does, time goes on";

pub(super) fn run(bytes: &[u8]) {
    let Some((numbers, text)) = bytes.split_first_chunk::<6>() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let Ok(expression) = CronExpression::parse(text) else { return };
    // Some instant between 1990 and 2060, in some zone.
    let seconds = u32::from_le_bytes([numbers[0], numbers[1], numbers[2], numbers[3]]) % 2_208_988_800;
    let start = DateTime::from_timestamp(631_152_000 + i64::from(seconds), 0).expect("an instant");
    let zone: Tz = TZ_VARIANTS[usize::from(u16::from_le_bytes([numbers[4], numbers[5]])) % TZ_VARIANTS.len()];
    let Some(next) = expression.next_after(start, zone) else {
        panic!("{text:?} never comes after {start} in {zone}");
    };
    assert!(next > start, "{text:?} after {start} in {zone} is {next}");
    assert!(next - start < TimeDelta::days(366 * 9), "{text:?} after {start} in {zone} is {next}");
    // Nothing lies between: asked from the middle, the answer is the same.
    let middle = start + (next - start) / 2;
    assert_eq!(expression.next_after(middle, zone), Some(next), "{text:?} from {start} and {middle} in {zone}");
    if let Some(last) = expression.last_until(start, zone) {
        assert!(last <= start, "{text:?} until {start} in {zone} is {last}");
    }
    let after = expression.next_after(next, zone);
    assert!(after.is_none_or(|after| after > next), "{text:?} does not go on from {next} in {zone}");
}
