//! What a plain scalar means: the core schema of YAML 1.2 (<https://yaml.org/spec/1.2.2/#103-core-schema>).

use serde_json::{Number, Value};

/// The value of a scalar written without quotes.
///
/// Numbers that JSON cannot hold without loss (beyond 64 bits, infinities) stay text, so that nothing is rounded.
pub(super) fn typed(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => integer(text).or_else(|| float(text)).unwrap_or_else(|| Value::String(text.to_owned())),
    }
}

fn integer(text: &str) -> Option<Value> {
    let radix = |digits: &str, radix: u32| {
        // `from_str_radix` takes a sign, the core schema does not here.
        let all = digits.chars().all(|character| character.is_digit(radix));
        (all && !digits.is_empty()).then(|| u64::from_str_radix(digits, radix)).and_then(Result::ok)
    };
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8).map(Value::from);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16).map(Value::from);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    match (unsigned.parse::<u64>(), unsigned.parse::<i64>()) {
        (Ok(number), _) => Some(Value::from(number)),
        (Err(_), Ok(number)) => Some(Value::from(number)),
        // Too large: text, see above.
        (Err(_), Err(_)) => Some(Value::String(text.to_owned())),
    }
}

fn float(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let well_formed = match mantissa.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction) && (!whole.is_empty() || !fraction.is_empty()),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    if !well_formed || exponent.is_some_and(|part| part.is_empty() || !digits(part)) {
        return None;
    }
    let number = text.parse::<f64>().map_or(None, Number::from_f64);
    number.map(Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        for (text, value) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("NULL", json!(null)),
            ("nULL", json!("nULL")),
            ("true", json!(true)),
            ("tRUE", json!("tRUE")),
            ("yes", json!("yes")),
            ("off", json!("off")),
            ("12", json!(12)),
            ("-12", json!(-12)),
            ("+12", json!(12)),
            ("00417", json!(417)),
            ("0o14", json!(12)),
            ("0x1F", json!(31)),
            ("0x", json!("0x")),
            ("0x+1", json!("0x+1")),
            ("1.5", json!(1.5)),
            (".5", json!(0.5)),
            ("1.", json!(1.0)),
            (".", json!(".")),
            ("1e3", json!(1000.0)),
            ("1e", json!("1e")),
            ("-", json!("-")),
            ("1_000", json!("1_000")),
            ("99999999999999999999999", json!("99999999999999999999999")),
            (".inf", json!(".inf")),
            (".nan", json!(".nan")),
            ("1e999", json!("1e999")),
            ("2026-08-01", json!("2026-08-01")),
            ("2026-08-01T00:00:00Z", json!("2026-08-01T00:00:00Z")),
            ("15m", json!("15m")),
            ("1:30", json!("1:30")),
        ] {
            assert_eq!(typed(text), value, "{text:?}");
        }
    }
}
