use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
struct Fleet {
    /// Version.
    version: u32,
    name: Option<String>,
    #[serde(default)]
    hosts: Vec<Host>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
struct Host {
    #[schemars(regex(pattern = "^[a-z]+$"), extend("x-expected" = "a name in small letters"))]
    id: String,
    tier: Tier,
    ports: Option<Vec<u16>>,
    live: Option<bool>,
    #[schemars(extend("format" = "date-time"))]
    since: Option<String>,
    door: Option<Door>,
}

/// Tier.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Tier {
    /// One.
    Front,
    /// Two.
    Back,
}

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(tag = "sort", rename_all = "snake_case", deny_unknown_fields)]
enum Door {
    Wood { planks: u8 },
    Steel { lock: String },
}

fn read(text: &str) -> Result<Document, Vec<Problem>> {
    Document::read(Path::new("f.yaml"), text)
}

fn refused(text: &str) -> Vec<Problem> {
    match read(text).and_then(|document| document.decode::<Fleet>()) {
        Ok(fleet) => panic!("accepted: {fleet:?}"),
        Err(problems) => problems,
    }
}

/// The only problem: line, column, length, key, message.
#[track_caller]
fn assert_one(text: &str, place: (usize, usize, usize), key: &str, says: &str) -> Problem {
    let problems = refused(text);
    let [problem] = problems.as_slice() else { panic!("not one problem: {problems:#?}") };
    let found = problem.place.map(|place| (place.line, place.column, place.length));
    assert_eq!((found, problem.key.as_str(), problem.says.as_str()), (Some(place), key, says));
    problem.clone()
}

#[test]
fn a_good_document_is_read() {
    let text = "version: 1\nname: \"00417\"\nhosts:\n  - id: web\n    tier: front\n    ports: [22, 443]\n    live: true\n    \
                since: 2026-08-01T00:00:00Z\n    door: { sort: wood, planks: 3 }\nlabels: { a: b }\n";
    let fleet: Fleet = read(text).unwrap().decode().unwrap();
    assert_eq!(fleet.name.as_deref(), Some("00417"));
    let host = &fleet.hosts[0];
    assert_eq!(host.tier, Tier::Front);
    assert_eq!(host.since.as_deref(), Some("2026-08-01T00:00:00Z"));
    assert_eq!(host.door, Some(Door::Wood { planks: 3 }));
}

#[test]
fn an_unknown_key_is_underlined_and_the_nearest_named() {
    let problem = assert_one("version: 1\nnmae: x\n", (2, 1, 4), "nmae", "unknown key `nmae`");
    assert_eq!(problem.help.as_deref(), Some("did you mean `name`?"));
}

#[test]
fn a_key_far_from_every_known_one_gets_the_list() {
    let problem = assert_one("version: 1\nzzzzzzzzz: x\n", (2, 1, 9), "zzzzzzzzz", "unknown key `zzzzzzzzz`");
    assert_eq!(problem.help.as_deref(), Some("known here: hosts, labels, name, version"));
}

#[test]
fn a_word_outside_a_vocabulary_gets_the_list_and_the_nearest() {
    let text = "version: 1\nhosts:\n  - { id: web, tier: frnt }\n";
    let problem = assert_one(text, (3, 22, 4), "hosts[0].tier", "\"frnt\" is not one of front, back");
    assert_eq!(problem.help.as_deref(), Some("did you mean `front`?"));
}

#[test]
fn a_wrong_type_says_what_was_expected_and_found() {
    assert_one("version: one\n", (1, 10, 3), "version", "expected a whole number, found the text \"one\"");
    assert_one("version: [1]\n", (1, 1, 7), "version", "expected a whole number, found a list");
    assert_one("version: 1\nhosts: {}\n", (2, 1, 5), "hosts", "expected a list, found a mapping");
    assert_one("version:\n", (1, 1, 7), "version", "expected a whole number, found nothing");
    assert_one("- a\n- b\n", (1, 1, 1), "", "expected a mapping, found a list");
    assert_one(
        "version: 1\nhosts: [{ id: a, tier: back, live: yes }]\n",
        (2, 36, 3),
        "hosts[0].live",
        "expected true or false, found the text \"yes\"",
    );
}

#[test]
fn a_number_where_a_text_belongs_is_refused_and_not_converted() {
    let problem = assert_one("version: 1\nname: 00417\n", (2, 7, 5), "name", "expected a text, found the number 00417");
    assert_eq!(problem.help.as_deref(), Some("put it into quotes to make it a text: \"00417\""));
}

#[test]
fn an_optional_key_without_a_value_is_refused() {
    let problem = assert_one("version: 1\nname:\n", (2, 1, 4), "name", "expected a text, found nothing");
    assert_eq!(problem.help.as_deref(), Some("give it a value, or leave the key out"));
}

#[test]
fn a_missing_key_is_told_at_what_lacks_it() {
    assert_one("name: x\n", (1, 1, 1), "", "`version` is missing");
    let text = "version: 1\nhosts:\n  - tier: back\n";
    let problem = assert_one(text, (3, 5, 1), "hosts[0]", "`id` is missing");
    assert_eq!(problem.help.as_deref(), Some("`id` is a name in small letters"));
}

#[test]
fn a_text_of_the_wrong_form_is_told_in_words() {
    let text = "version: 1\nhosts: [{ id: Web1, tier: back }]\n";
    assert_one(text, (2, 15, 4), "hosts[0].id", "\"Web1\" is not a name in small letters");
    let text = "version: 1\nhosts: [{ id: web, tier: back, since: 2026-08-01 }]\n";
    assert_one(
        text,
        (2, 39, 10),
        "hosts[0].since",
        "\"2026-08-01\" is not an instant with a time zone such as 2026-08-01T00:00:00Z",
    );
}

#[test]
fn a_number_out_of_range_is_told() {
    let text = "version: 1\nhosts: [{ id: web, tier: back, ports: [70000] }]\n";
    assert_one(text, (2, 40, 5), "hosts[0].ports[0]", "70000 is more than 65535");
}

#[test]
fn one_of_several_shapes_is_judged_by_its_own_word() {
    let host = |door: &str| format!("version: 1\nhosts:\n  - id: web\n    tier: back\n    door: {door}\n");
    assert_one(
        &host("{ sort: wod, planks: 1 }"),
        (5, 19, 3),
        "hosts[0].door.sort",
        "\"wod\" is not one of wood, steel",
    );
    assert_one(&host("{ sort: wood }"), (5, 5, 4), "hosts[0].door", "`planks` is missing");
    assert_one(
        &host("{ sort: steel, lock: 1 }"),
        (5, 32, 1),
        "hosts[0].door.lock",
        "expected a text, found the number 1",
    );
    assert_one(&host("wood"), (5, 11, 4), "hosts[0].door", "expected a mapping, found the text \"wood\"");
}

#[test]
fn a_key_that_stands_twice_is_told_at_the_second() {
    let problem =
        assert_one("version: 1\nlabels:\n  a: x\n  a: y\n", (4, 3, 1), "labels.a", "the key `a` stands twice");
    assert_eq!(problem.help.as_deref(), Some("it stands in line 3 already"));
}

#[test]
fn aliases_anchors_and_tags_are_told_where_they_stand() {
    let problems = refused("version: !!int 1\nname: &n x\nlabels: { a: *n, b: *m }\n");
    let found: Vec<_> = problems
        .iter()
        .map(|problem| {
            let place = problem.place.unwrap();
            (place.line, place.column, place.length, problem.key.as_str(), problem.says.as_str())
        })
        .collect();
    assert_eq!(
        found,
        [
            (1, 10, 5, "version", "the tag `!!int` is not read"),
            (2, 7, 2, "name", "the anchor `&n` is not read"),
            (3, 14, 2, "labels.a", "an alias is not read"),
            (3, 21, 2, "labels.b", "an alias is not read"),
        ]
    );
}

#[test]
fn a_merge_key_is_an_unknown_key() {
    assert_one("version: 1\n<<: { name: x }\n", (2, 1, 2), "<<", "unknown key `<<`");
}

#[test]
fn a_second_document_is_refused_and_one_with_a_marker_is_not() {
    let problems = refused("---\nversion: 1\n---\nversion: 2\n");
    assert_eq!(problems[0].place.unwrap().line, 3);
    assert_eq!(problems[0].says, "a second document begins here");
    assert!(read("---\nversion: 1\n").unwrap().decode::<Fleet>().is_ok());
}

#[test]
fn a_directive_is_refused() {
    let problems = refused("%YAML 1.1\n---\nversion: 1\n");
    assert_eq!((problems[0].place.unwrap().line, problems[0].place.unwrap().column), (1, 1));
}

#[test]
fn broken_text_is_told_where_it_breaks() {
    let problems = refused("version: 1\nhosts: [a, b\nname: x\n");
    assert_eq!(problems.len(), 1);
    assert!(problems[0].says.starts_with("is no YAML: "), "{problems:?}");
    assert_eq!(problems[0].place.unwrap().line, 3);
    let problems = refused("version: 1\nlabels:\n\ta: x\n");
    assert_eq!(problems[0].place.unwrap().line, 3);
    assert_eq!(problems[0].help.as_deref(), Some("indent with spaces"));
}

#[test]
fn a_text_without_content_is_refused() {
    for text in ["", "# only a comment\n", "\u{FEFF}"] {
        assert_eq!(read(text).unwrap_err()[0].says, "holds nothing", "{text:?}");
    }
}

#[test]
fn nesting_up_to_the_limit_is_read_and_one_more_is_not() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(&nested(MAX_DEPTH)).is_ok());
    let problems = read(&nested(MAX_DEPTH + 1)).unwrap_err();
    assert_eq!(problems[0].place.unwrap().column, MAX_DEPTH + 1);
    assert_eq!(problems[0].says, "is nested deeper than 64 levels");
    assert!(read(&nested(100_000)).is_err());
    let blocks: String = (0..=MAX_DEPTH).flat_map(|depth| [" ".repeat(depth), "a:\n".to_owned()]).collect();
    assert_eq!(read(&blocks).unwrap_err()[0].says, "is nested deeper than 64 levels");
}

#[test]
fn size_up_to_the_limit_is_read_and_one_byte_more_is_not() {
    let filled = |length: usize| format!("a: 1\n#{}", "x".repeat(length - 6));
    assert!(read(&filled(MAX_BYTES)).is_ok());
    assert!(read(&filled(MAX_BYTES + 1)).unwrap_err()[0].says.contains("at most 8388608 are read"));
}

#[test]
fn columns_count_characters_and_a_mark_at_the_start_counts_nothing() {
    assert_one(
        "\u{FEFF}version: 1\nlabels: { ä: x, ö: 3 }\n",
        (2, 20, 1),
        "labels.ö",
        "expected a text, found the number 3",
    );
    assert_one("version: 1\r\nname: 7\r\n", (2, 7, 1), "name", "expected a text, found the number 7");
}

#[test]
fn a_text_over_several_lines_is_underlined_to_the_end_of_its_first() {
    let text = "version: 1\nhosts: [{ id: \"Web\n  two\", tier: back }]\n";
    assert_one(text, (2, 15, 4), "hosts[0].id", "\"Web two\" is not a name in small letters");
}

#[test]
fn every_mistake_is_told_at_once() {
    let text = "version: x\nnmae: y\nhosts:\n  - id: A\n    tier: z\n  - ports: 1\n";
    let problems = refused(text);
    let keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
    for key in ["version", "nmae", "hosts[0].id", "hosts[0].tier", "hosts[1]", "hosts[1].ports"] {
        assert!(keys.contains(&key), "{key} in {keys:?}");
    }
    assert_eq!(problems.len(), 7, "{problems:#?}");
}

fn interpolated(text: &str) -> (Document, Vec<Problem>) {
    let mut document = read(text).unwrap();
    let problems = document.interpolate(&|name| match name {
        "PORT" => Some("443".to_owned()),
        "NAME" => Some("s3cr3t".to_owned()),
        "SHAPE" => Some("{a: b}".to_owned()),
        "TRUE" => Some("true".to_owned()),
        _ => None,
    });
    (document, problems)
}

#[test]
fn the_environment_fills_leaves_and_numbers_follow_the_schema() {
    let text = "version: ${PORT}\nname: ${PORT}\nhosts: [{ id: a, tier: back, ports: [\"${PORT}\"], live: ${TRUE} }]\n\
                labels: { \"${NAME}\": ${SHAPE} }\n";
    // A brace opens a mapping in flow style, so the last leaf is quoted here.
    let (document, problems) =
        interpolated(&text.replace("${SHAPE}", "'${SHAPE}'").replace("live: ${TRUE}", "live: '${TRUE}'"));
    assert_eq!(problems, []);
    let fleet: Fleet = document.decode().unwrap();
    assert_eq!(fleet.version, 443);
    assert_eq!(fleet.name.as_deref(), Some("443"));
    assert_eq!(fleet.hosts[0].ports, Some(vec![443]));
    assert_eq!(fleet.hosts[0].live, Some(true));
    // Keys are left alone, and a value never becomes structure.
    assert_eq!(fleet.labels.get("${NAME}").map(String::as_str), Some("{a: b}"));
}

#[test]
fn an_unset_variable_is_told_with_its_place_and_path() {
    let (_, problems) = interpolated("version: 1\nhosts:\n  - id: x-${NONE}\n    tier: ${ALSO}\n");
    let found: Vec<_> = problems
        .iter()
        .map(|problem| {
            (problem.place.unwrap().line, problem.place.unwrap().column, problem.key.as_str(), problem.says.as_str())
        })
        .collect();
    assert_eq!(
        found,
        [
            (3, 9, "hosts[0].id", "the environment variable NONE is not set"),
            (4, 11, "hosts[0].tier", "the environment variable ALSO is not set"),
        ]
    );
}

#[test]
fn what_came_from_the_environment_is_never_repeated() {
    let (document, _) = interpolated("version: ${NAME}\nhosts: [{ id: '${NAME}', tier: '${NAME}' }]\n");
    let problems = document.decode::<Fleet>().unwrap_err();
    assert_eq!(problems.len(), 3);
    for problem in &problems {
        assert!(!format!("{problem:?}").contains("s3cr3t"), "{problem:?}");
        assert!(problem.says.contains("${NAME}"), "{problem:?}");
    }
}

#[test]
fn places_are_found_by_pointer() {
    let document = read("a:\n  b: [x, { c: 10 }]\n").unwrap();
    let at = |pointer: &str| document.place(pointer).map(|place| (place.line, place.column, place.length));
    assert_eq!(at("/a"), Some((1, 1, 1)));
    assert_eq!(at("/a/b/0"), Some((2, 7, 1)));
    assert_eq!(at("/a/b/1"), Some((2, 10, 1)));
    assert_eq!(at("/a/b/1/c"), Some((2, 15, 2)));
    assert_eq!(at("/a/x"), None);
    assert_eq!(document.key_place("/a/b/1/c").map(|place| place.column), Some(12));
    assert_eq!(document.problem("/a/b/7/c", "says").place.map(|place| (place.line, place.column)), Some((2, 3)));
}

#[test]
fn the_published_schema_has_no_word_for_nothing() {
    let schema = schema_of::<Fleet>();
    assert_eq!(schema["properties"]["name"], json!({ "type": "string" }));
    assert!(!schema.to_string().contains("null"), "{schema:#}");
    assert_eq!(schema["additionalProperties"], json!(false));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever stands in a file, it is read or refused with a reason.
    #[test]
    fn no_text_makes_the_reader_fall(text in "(?s).{0,200}") {
        if let Ok(mut document) = read(&text) {
            let _problems = document.interpolate(&|_| Some("x".to_owned()));
            if let Err(problems) = document.decode::<Fleet>() {
                prop_assert!(!problems.is_empty());
                let _text = crate::problem::render(&problems, |_| Some(text.clone()));
            }
        }
    }

    /// The same with texts made of what YAML is made of.
    #[test]
    fn no_piece_of_yaml_makes_the_reader_fall(text in "[-:?,{}\\[\\]&*!|>'\"%@`# \t\n$a1~<.]{0,80}") {
        match read(&text) {
            Ok(document) => drop(document.decode::<Fleet>()),
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                let _text = crate::problem::render(&problems, |_| Some(text.clone()));
            }
        }
    }

    /// A place always lies inside the text.
    #[test]
    fn every_place_lies_in_the_text(text in "[a-z:,{}\\[\\] \n]{0,60}") {
        let lines = text.lines().count().max(1);
        let problems = read(&text).and_then(|document| document.decode::<Fleet>()).err().unwrap_or_default();
        for place in problems.iter().filter_map(|problem| problem.place) {
            prop_assert!(place.line >= 1 && place.line <= lines + 1);
            prop_assert!(place.column >= 1 && place.length >= 1);
        }
    }
}
