//! Dates of HR systems. A date with an offset, or with a midnight behind it, is a date: no moment is made of it.

/// The date in `YYYY-MM-DD`, `YYYY-MM-DD-08:00`, `YYYY-MM-DDZ` or `YYYY-MM-DDT00:00:00...`. Everything else comes back
/// as it was written, and the roster's reader refuses it with its place.
pub(crate) fn civil(text: &str) -> &str {
    let Some((day, rest)) = text.split_at_checked(10) else { return text };
    let digits = |from: usize, to: usize| day.as_bytes()[from..to].iter().all(u8::is_ascii_digit);
    let is_day = digits(0, 4) && digits(5, 7) && digits(8, 10) && &day[4..5] == "-" && &day[7..8] == "-";
    if is_day && (is_offset(rest) || is_midnight(rest)) { day } else { text }
}

fn is_offset(text: &str) -> bool {
    let [sign, h1, h2, b':', m1, m2] = text.as_bytes() else { return text.is_empty() || text == "Z" };
    matches!(sign, b'+' | b'-') && [h1, h2, m1, m2].iter().all(|digit| digit.is_ascii_digit())
}

/// Midnight, whatever the zone: some interfaces write a date as one.
fn is_midnight(text: &str) -> bool {
    let Some(time) = text.strip_prefix('T').or_else(|| text.strip_prefix(' ')) else { return false };
    let Some(rest) = time.strip_prefix("00:00") else { return false };
    let rest = rest.strip_prefix(":00").unwrap_or(rest);
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches('0'),
        None => rest,
    };
    is_offset(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_or_a_midnight_makes_no_moment_of_a_date() {
        for written in [
            "2026-03-01",
            "2026-03-01-08:00",
            "2026-03-01+05:30",
            "2026-03-01Z",
            "2026-03-01T00:00:00Z",
            "2026-03-01T00:00:00.000+02:00",
            "2026-03-01T00:00:00",
            "2026-03-01 00:00",
        ] {
            assert_eq!(civil(written), "2026-03-01", "{written}");
        }
    }

    #[test]
    fn what_is_no_date_stays_as_it_was_written() {
        for written in
            ["", "03/01/2026", "0000-00-00x", "2026-03-01T13:00:00Z", "2026-03-01-8:00", "46082", "2026-3-01"]
        {
            assert_eq!(civil(written), written);
        }
        assert_eq!(civil("0000-00-00"), "0000-00-00", "none, if the configuration says so");
    }
}
