//! Durations of ISO 8601 in the forms Okta writes: days, hours, minutes, seconds.

use chrono::TimeDelta;

/// The duration written as `text`, such as `P30D` or `PT5M`. `None` for anything else, years and months included, since
/// their length is not fixed.
pub(crate) fn parse(text: &str) -> Option<TimeDelta> {
    let mut rest = text.strip_prefix('P')?;
    let mut total = TimeDelta::zero();
    let mut in_time = false;
    let mut parts = 0;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            if in_time || after.is_empty() {
                return None;
            }
            in_time = true;
            rest = after;
            continue;
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: i64 = match rest[..digits].parse() {
            Ok(number) => number,
            Err(_) => return None,
        };
        let part = match (in_time, rest.as_bytes().get(digits)?) {
            (false, b'D') => TimeDelta::try_days(number),
            (false, b'W') => TimeDelta::try_weeks(number),
            (true, b'H') => TimeDelta::try_hours(number),
            (true, b'M') => TimeDelta::try_minutes(number),
            (true, b'S') => TimeDelta::try_seconds(number),
            _ => None,
        };
        total = total.checked_add(&part?)?;
        parts += 1;
        rest = &rest[digits + 1..];
    }
    (parts > 0).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_okta_are_read_and_others_are_not_guessed() {
        assert_eq!(parse("P30D"), Some(TimeDelta::days(30)));
        assert_eq!(parse("PT5M"), Some(TimeDelta::minutes(5)));
        assert_eq!(parse("P1DT2H3M4S"), Some(TimeDelta::seconds(86_400 + 7_384)));
        for wrong in ["", "P", "PT", "30D", "P1Y", "P1M", "PD", "P5", "PT5D", "P1.5D", "P99999999999999999999D", "PüD"]
        {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }
}
