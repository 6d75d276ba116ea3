//! The fast reader and the reference agree on every file, sound or damaged, for any number of threads.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::common::{File, Memory, Outcome, native, run, settings};
use crate::reference::{self, Expected};

const PATH: &str = "crm.ndjson";

fn read(bytes: &[u8], threads: usize) -> Outcome {
    let documents = Memory([(PATH.into(), File::Bytes(bytes.to_vec()))].into());
    let mut settings = settings([native(PATH)]);
    settings.threads = threads;
    run(&settings, &documents)
}

fn agree(bytes: &[u8]) -> Result<(), TestCaseError> {
    let one = read(bytes, 1);
    prop_assert_eq!(&Expected::of(&one), &reference::read(PATH, bytes, 2_000), "{}", String::from_utf8_lossy(bytes));
    prop_assert_eq!(&read(bytes, 3), &one, "threads must not show");
    Ok(())
}

/// A text as it may be written in JSON.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z0-9@._-]{1,12}",
        1 => select(vec!["", " ", "\\u0041b", "\\\"", "\\n\\t", "Zoë", "\\ud83d\\ude00", "你好", "\\ud800", "a\\", "\\x"]).prop_map(str::to_owned),
    ]
}

fn time() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "\"20[0-2][0-9]-(0[1-9]|1[0-2])-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z\"",
        1 => "\"20[0-2][0-9]-[01][0-9]-[0-3][0-9]\"",
        1 => "\"2026-02-(28|29)T23:59:(59|60)(\\.[0-9]{1,12})?([+-][01][0-9]:[0-5][0-9]|Z|z)\"",
        1 => Just(String::from("null")),
        1 => Just(String::from("{\"hidden\":\"no right\"}")),
        1 => select(vec!["{\"hidden\":null}", "{}", "45123", "\"never\"", "[]", "{\"hidden\":\"a\",\"x\":[{}]}", "tru"]).prop_map(str::to_owned),
    ]
}

fn odd() -> impl Strategy<Value = String> {
    select(vec![
        "null",
        "true",
        "false",
        "0",
        "-1.5e3",
        "01",
        "1.",
        "-",
        "1e999",
        "[]",
        "[1,{\"a\":[]}]",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"b\":{\"c\":[null]}}",
        "\"x",
        "nul",
        "{\"a\"}",
        "[1,]",
        "{\"a\":1,}",
        "\"\\u00e9\"",
        "",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    ])
    .prop_map(str::to_owned)
}

fn quoted(words: Vec<&'static str>) -> impl Strategy<Value = String> {
    select(words).prop_map(|word| format!("\"{word}\""))
}

fn holder() -> impl Strategy<Value = String> {
    let field = prop_oneof![
        6 => (select(vec!["employee_id", "provider_id", "login", "email", "name", "external_id", "external_system"]), text().prop_map(|text| format!("\"{text}\""))),
        1 => (select(vec!["since", "until", "last_at"]), time()),
        1 => (Just("verified"), select(vec!["[]", "[\"email\"]", "[\"login\",\"employee_id\",\"shoe\"]", "[1]", "null", "{}"]).prop_map(str::to_owned)),
        1 => (Just("ssh_fingerprint"), select(vec!["\"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\"", "\"SHA256:x\"", "null"]).prop_map(str::to_owned)),
        1 => (select(vec!["login", "shoe", "email"]), odd()),
    ];
    let relation = prop_oneof![
        9 => quoted(vec!["holder", "owner", "creator", "custodian", "reader", "run_as", "approver"]),
        1 => select(vec!["\"friend\"", "null", "7"]).prop_map(str::to_owned),
    ];
    (relation, vec(field, 0..5))
        .prop_map(|(relation, fields)| object(std::iter::once(("relation", relation)).chain(fields), ""))
}

fn object(fields: impl IntoIterator<Item = (&'static str, String)>, space: &str) -> String {
    let fields: Vec<String> = fields.into_iter().map(|(key, value)| format!("\"{key}\":{space}{value}")).collect();
    format!("{{{}}}", fields.join(&format!(",{space}")))
}

fn access() -> impl Strategy<Value = String> {
    let required = (
        prop_oneof![12 => quoted(vec!["accounts", "api-tokens"]), 1 => quoted(vec!["elsewhere", ""]), 1 => odd()],
        prop_oneof![12 => quoted(vec!["account", "api_token", "session"]), 1 => quoted(vec!["acount"]), 1 => odd()],
        prop_oneof![12 => text().prop_map(|text| format!("\"{text}\"")), 1 => odd()],
        prop_oneof![12 => quoted(vec!["enabled", "disabled", "unknown"]), 2 => quoted(vec!["asleep", ""]), 1 => Just(String::from("{\"hidden\":\"x\"}")), 1 => odd()],
    );
    let field = prop_oneof![
        4 => (select(vec!["grant_display", "parent", "target", "client", "managed_by", "evidence"]), text().prop_map(|text| format!("\"{text}\""))),
        4 => (select(vec!["created_at", "last_used_at", "expires_at", "rotated_at", "cutoff_at", "live_until"]), time()),
        1 => (Just("privilege"), quoted(vec!["admin", "write", "unknown", "root"])),
        1 => (Just("subtype"), quoted(vec!["sudo", "deploy_key", "pseudo"])),
        1 => (Just("last_used_precision"), quoted(vec!["15m", "24h", "14d", "99999999d", "m", "1h30m"])),
        1 => (Just("seat_cost"), select(vec!["{\"amount\":12.5,\"currency\":\"EUR\",\"per\":\"month\"}", "{\"amount\":-1,\"currency\":\"EUR\",\"per\":\"month\"}", "{\"amount\":1}", "null", "{\"amount\":1,\"currency\":\"EUR\",\"per\":\"m\",\"x\":0}"]).prop_map(str::to_owned)),
        3 => (Just("holders"), vec(holder(), 0..3).prop_map(|holders| format!("[{}]", holders.join(",")))),
        1 => (select(vec!["holders", "privilege", "colour", "subtype", "grant_id", "seat_cost", "created_at"]), odd()),
    ];
    (required, vec(field, 0..6), 0_usize..6, select(vec!["", " "])).prop_map(
        |((scope, kind, grant, status), mut fields, at, space)| {
            let required = [("scope", scope), ("kind", kind), ("grant_id", grant), ("status", status)];
            fields.splice(0..0, required);
            let at = at.min(fields.len());
            fields.insert(at, ("record", String::from("\"access\"")));
            object(fields, space)
        },
    )
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => access(),
        1 => (prop_oneof![4 => quoted(vec!["accounts", "sessions"]), 1 => odd()], quoted(vec!["denied", "throttled", "partial", "eaten"]), select(vec!["", ",\"part\":\"p\"", ",\"part\":1"]))
            .prop_map(|(scope, cause, part)| format!("{{\"record\":\"gap\",\"scope\":{scope},\"cause\":{cause},\"detail\":\"d\"{part}}}")),
        1 => odd(),
        1 => (1_000_usize..6_000).prop_map(|length| format!("{{\"record\":\"access\",\"target\":\"{}\"}}", "x".repeat(length))),
    ]
}

fn file() -> impl Strategy<Value = Vec<String>> {
    (vec(line(), 0..12), 0_u64..12, 0_u64..12).prop_map(|(mut lines, accounts, tokens)| {
        lines.insert(0, String::from(r#"{"record":"header","format":"holdover-import","version":1,"system":"crm","as_of":"2026-08-01T01:00:00Z","scopes":["accounts","api-tokens"]}"#));
        lines.push(format!("{{\"record\":\"end\",\"counts\":{{\"accounts\":{accounts},\"api-tokens\":{tokens}}}}}"));
        lines
    })
}

fn bytes(lines: &[String]) -> Vec<u8> {
    let mut text = lines.join("\n");
    text.push('\n');
    text.into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn on_whole_files(lines in file()) {
        agree(&bytes(&lines))?;
    }

    #[test]
    fn on_files_cut_anywhere(lines in file(), at in any::<Index>()) {
        let mut bytes = bytes(&lines);
        bytes.truncate(at.index(bytes.len()));
        agree(&bytes)?;
    }

    #[test]
    fn on_files_with_wrong_bytes(lines in file(), flips in vec((any::<Index>(), any::<u8>()), 1..4)) {
        let mut bytes = bytes(&lines);
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        agree(&bytes)?;
    }

    #[test]
    fn on_files_with_lines_dropped_and_doubled(lines in file(), moves in vec((any::<Index>(), any::<Index>(), any::<bool>()), 1..4)) {
        let mut lines = lines;
        for (from, to, drop) in moves {
            if drop && lines.len() > 1 {
                lines.remove(from.index(lines.len()));
            } else {
                let line = lines[from.index(lines.len())].clone();
                let to = to.index(lines.len());
                lines.insert(to, line);
            }
        }
        agree(&bytes(&lines))?;
    }
}
