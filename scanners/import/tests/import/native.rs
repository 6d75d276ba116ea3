//! What the native format says, rule by rule.

use scan_contract::{
    AccessKind, AsOfSource, Cause, Fact, IdentifierKind, Moment, ProofKind, ScopeState, Status, Subtype,
};

use crate::common::{File, Memory, Outcome, native, run, settings};

pub(crate) const HEADER: &str = r#"{"record":"header","format":"holdover-import","version":1,"system":"crm","as_of":"2026-08-01T01:00:00Z","produced_by":"crm admin export","scopes":["accounts","api-tokens"]}"#;
pub(crate) const ACCOUNT: &str = r#"{"record":"access","scope":"accounts","kind":"account","grant_id":"u-19","grant_display":"asilva","status":"enabled","privilege":"read","created_at":"2023-04-01T08:00:00Z","last_used_at":"2026-07-30T22:22:00Z","last_used_precision":"15m","holders":[{"relation":"holder","provider_id":"u-19","employee_id":"00417","email":"ana.silva@acme.example","login":"asilva"}]}"#;
pub(crate) const TOKEN: &str = r#"{"record":"access","scope":"api-tokens","kind":"api_token","grant_id":"tok_81","grant_display":"ci deploy","status":"enabled","privilege":"write","parent":"u-19","created_at":"2024-01-09T10:00:00Z","last_used_at":null,"expires_at":null,"holders":[{"relation":"creator","provider_id":"u-19"}]}"#;
pub(crate) const END: &str = r#"{"record":"end","counts":{"accounts":1,"api-tokens":1}}"#;

pub(crate) fn lines(lines: &[&str]) -> Vec<u8> {
    let mut text = lines.join("\n");
    text.push('\n');
    text.into_bytes()
}

pub(crate) fn read(bytes: Vec<u8>) -> Outcome {
    read_as("crm.ndjson", bytes)
}

pub(crate) fn read_as(path: &str, bytes: Vec<u8>) -> Outcome {
    let documents = Memory([(path.into(), File::Bytes(bytes))].into());
    run(&settings([native(path)]), &documents)
}

/// A file whose one account line is `line`.
fn with_account(line: &str) -> Outcome {
    read(lines(&[HEADER, line, TOKEN, END]))
}

fn account(fields: &str) -> String {
    format!(r#"{{"record":"access","scope":"accounts","kind":"account","grant_id":"u-19","status":"enabled"{fields}}}"#)
}

#[test]
fn a_whole_file_is_complete_in_every_scope() {
    let outcome = read(lines(&[HEADER, ACCOUNT, TOKEN, END]));
    for scope in ["accounts", "api-tokens"] {
        assert_eq!(outcome.state(scope), ScopeState::Complete, "{}", outcome.text());
        let seen = outcome.scope(scope);
        let as_of = seen.as_of.expect("the header says when");
        assert_eq!(
            (as_of.at.to_rfc3339(), as_of.source),
            (String::from("2026-08-01T01:00:00+00:00"), AsOfSource::Stated)
        );
        let proof = seen.proof.as_ref().expect("it was sealed");
        assert_eq!((proof.kind, proof.announced), (ProofKind::EndLine, Some(1)));
    }
    assert_eq!(outcome.ids(), ["u-19", "tok_81"]);
    let account = &outcome.accesses[0];
    assert_eq!(account.kind, AccessKind::Account);
    let used = account.last_used_at.known().expect("it was used");
    assert_eq!((used.at.to_rfc3339().as_str(), used.precision_seconds), ("2026-07-30T22:22:00+00:00", 900));
    assert_eq!(account.holders[0].employee_id.as_deref(), Some("00417"));
    assert_eq!(account.evidence, ["crm.ndjson:2"]);
    let token = &outcome.accesses[1];
    assert_eq!((&token.last_used_at, &token.rotated_at), (&Fact::None, &Fact::not_given()));
    assert_eq!(token.parent.as_ref().map(scan_contract::GrantId::as_str), Some("u-19"));
}

#[test]
fn value_null_absent_and_hidden_are_three_answers() {
    let fields = r#","created_at":"2026-07-30","last_used_at":null,"expires_at":{"hidden":"not on this plan"}"#;
    let outcome = with_account(&account(fields));
    assert_eq!(outcome.state("accounts"), ScopeState::Complete, "{}", outcome.text());
    let access = &outcome.accesses[0];
    assert_eq!(access.created_at, Fact::Known(Moment::day("2026-07-30".parse().expect("a date"))));
    assert_eq!(access.last_used_at, Fact::None);
    assert_eq!(access.expires_at, Fact::Hidden(String::from("not on this plan")));
    assert_eq!(access.rotated_at, Fact::not_given());
}

#[test]
fn a_status_that_is_withheld_is_unknown_and_no_gap() {
    for (status, text) in [("null", None), (r#"{"hidden":"needs a right"}"#, Some("hidden: needs a right"))] {
        let line = account("").replace(r#""status":"enabled""#, &format!(r#""status":{status}"#));
        let outcome = with_account(&line);
        assert_eq!(outcome.state("accounts"), ScopeState::Complete, "{}", outcome.text());
        assert_eq!(outcome.accesses[0].status, Status::Unknown);
        assert_eq!(outcome.accesses[0].status_text.as_deref(), text);
    }
}

#[test]
fn an_unknown_status_word_is_kept_told_and_makes_its_scope_partial() {
    let outcome = with_account(&ACCOUNT.replace(r#""status":"enabled""#, r#""status":"sleeping""#));
    assert_eq!(outcome.state("accounts"), ScopeState::Partial);
    assert_eq!(outcome.state("api-tokens"), ScopeState::Complete);
    assert_eq!(
        outcome.scope("accounts").gaps[0].1,
        Cause::UnknownWord { field: "status".into(), word: "sleeping".into(), rows: 1, first: "line 2".into() }
    );
    assert_eq!(outcome.accesses[0].status, Status::Unknown);
    assert_eq!(outcome.accesses[0].status_text.as_deref(), Some("sleeping"));
}

#[test]
fn every_optional_field_arrives() {
    let fields = r#","subtype":"deploy_key","target":"repo","client":"firefox","cutoff_at":"2026-08-01T00:00:00Z","live_until":"2026-08-02","managed_by":"terraform:infra/iam","seat_cost":{"amount":12.5,"currency":"EUR","per":"month"},"evidence":"page 3","rotated_at":"2026-01-02T03:04:05.25+02:00","holders":[{"relation":"run_as","ssh_fingerprint":"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU","external_id":"00u1","external_system":"okta","name":"Ana","since":"2026-01-01","until":null,"last_at":{"hidden":"x"},"verified":["email","employee_id"]}]"#;
    let outcome = with_account(&account(fields));
    assert_eq!(outcome.state("accounts"), ScopeState::Complete, "{}", outcome.text());
    let access = &outcome.accesses[0];
    assert_eq!(access.subtype, Some(Subtype::DeployKey));
    assert_eq!(access.live_until.map(|at| at.to_rfc3339()).as_deref(), Some("2026-08-03T00:00:00+00:00"));
    assert_eq!(access.cutoff_at.map(|at| at.to_rfc3339()).as_deref(), Some("2026-08-01T00:00:00+00:00"));
    assert_eq!(access.seat_cost.as_ref().map(|cost| (cost.amount, cost.currency.as_str())), Some((12.5, "EUR")));
    assert_eq!(access.evidence, ["page 3", "crm.ndjson:2"]);
    let holder = &access.holders[0];
    assert_eq!(holder.external.as_ref().and_then(|external| external.system.as_deref()), Some("okta"));
    assert_eq!(holder.verified.as_deref(), Some(&[IdentifierKind::EmployeeId, IdentifierKind::Email][..]));
    assert!(holder.since.is_some() && holder.until.is_none() && holder.last_at.is_none());
    let rotated = access.rotated_at.known().expect("it was rotated").at;
    assert_eq!(rotated.to_rfc3339(), "2026-01-02T01:04:05.250+00:00");
}

#[test]
fn a_line_that_cannot_be_used_is_named_and_its_neighbours_are_kept() {
    for (broken, only_its_scope) in [
        (r#"{"record":"access","scope":"accounts","#.to_owned(), false),
        (String::new(), false),
        (account(r#","scope":"accounts""#), false),
        (account(r#","x":1,"x":2"#), false),
        (account(r#","x":{"a":1,"\u0061":2}"#), false),
        (account("").replace("accounts", "elsewhere"), false),
        (account("").replace("\"access\"", "\"excess\""), false),
        (account("").replace("\"account\"", "\"acount\""), true),
        (account("").replace(r#","status":"enabled""#, ""), true),
        (account("").replace("u-19", ""), true),
        (account(r#","created_at":"yesterday""#), true),
        (account(r#","created_at":45123"#), true),
        (account(r#","last_used_precision":"soon""#), true),
        (account(r#","parent":7"#), true),
        (account(r#","holders":[{"email":"a@b.example"}]"#), true),
        (account(r#","holders":[{"relation":"friend"}]"#), true),
        (account(r#","holders":[{"relation":"holder","ssh_fingerprint":"MD5:aa"}]"#), true),
        (account(r#","seat_cost":{"amount":1,"per":"month"}"#), true),
        (account(r#","created_at":{"reason":"x"}"#), true),
    ] {
        let outcome = read(lines(&[HEADER, &broken, ACCOUNT, TOKEN, END]));
        assert_eq!(outcome.state("accounts"), ScopeState::Partial, "{broken}");
        let other = if only_its_scope { ScopeState::Complete } else { ScopeState::Partial };
        assert_eq!(outcome.state("api-tokens"), other, "{broken}: {}", outcome.text());
        assert_eq!(outcome.scope("accounts").gaps[0].0.as_deref(), Some("crm.ndjson line 2"), "{broken}");
        assert_eq!(outcome.ids(), ["u-19", "tok_81"], "{broken}");
    }
}

#[test]
fn a_file_of_another_system_fails_as_a_whole() {
    let outcome = read(lines(&[&HEADER.replace("\"crm\"", "\"erp\""), ACCOUNT, TOKEN, END]));
    for scope in ["accounts", "api-tokens"] {
        assert_eq!(outcome.state(scope), ScopeState::Failed);
        assert!(
            matches!(&outcome.scope(scope).gaps[0].1, Cause::WrongSystem { declared, found } if declared == "crm" && found == "erp")
        );
    }
    assert!(outcome.accesses.is_empty(), "nothing of another system is believed");
}

#[test]
fn the_end_line_is_last_once_and_counts() {
    let missing = read(lines(&[HEADER, ACCOUNT, TOKEN]));
    assert_eq!(missing.codes("accounts"), ["E-FORM-002"]);
    let after = read(lines(&[HEADER, ACCOUNT, END, TOKEN]));
    assert_eq!(after.codes("accounts"), ["E-FORM-001"]);
    let twice = read(lines(&[HEADER, ACCOUNT, TOKEN, END, END]));
    assert_eq!(twice.codes("accounts"), ["E-FORM-001"]);
    let headers = read(lines(&[HEADER, ACCOUNT, HEADER, TOKEN, END]));
    assert_eq!(headers.codes("accounts"), ["E-FORM-001"]);
    for outcome in [missing, after, twice, headers] {
        assert_eq!(outcome.state("accounts"), ScopeState::Partial);
        assert_eq!(outcome.ids(), ["u-19", "tok_81"], "what was read is kept");
    }
    let few = read(lines(&[HEADER, ACCOUNT, TOKEN, r#"{"record":"end","counts":{"accounts":2,"api-tokens":1}}"#]));
    assert_eq!(few.scope("accounts").proof.as_ref().and_then(|proof| proof.announced), Some(2));
    assert_eq!((few.state("accounts"), few.state("api-tokens")), (ScopeState::Partial, ScopeState::Complete));
    let none = read(lines(&[HEADER, ACCOUNT, TOKEN, r#"{"record":"end","counts":{"accounts":1}}"#]));
    assert_eq!((none.state("accounts"), none.state("api-tokens")), (ScopeState::Complete, ScopeState::Partial));
    let foreign =
        read(lines(&[HEADER, ACCOUNT, TOKEN, r#"{"record":"end","counts":{"accounts":1,"api-tokens":1,"x":3}}"#]));
    assert_eq!(foreign.state("accounts"), ScopeState::Partial);
}

#[test]
fn gap_lines_carry_their_cause() {
    for (cause, state) in [
        ("denied", ScopeState::Denied),
        ("not_on_plan", ScopeState::NotAttempted),
        ("not_supported", ScopeState::NotAttempted),
        ("throttled", ScopeState::Partial),
        ("unreachable", ScopeState::Failed),
        ("partial", ScopeState::Partial),
        ("eaten", ScopeState::Partial),
    ] {
        let gap =
            format!(r#"{{"record":"gap","scope":"sessions","cause":"{cause}","detail":"needs admin.users:read"}}"#);
        let outcome = read(lines(&[HEADER, ACCOUNT, TOKEN, &gap, END]));
        assert_eq!(outcome.state("sessions"), state, "{cause}");
        assert_eq!(outcome.state("accounts"), ScopeState::Complete, "a gap is its scope's alone");
        assert!(format!("{outcome:?}").contains("admin.users:read"), "{cause}");
        assert!(!format!("{outcome:?}").contains("needs needs"), "the cause says \"needs\" itself: {cause}");
    }
    let part = r#"{"record":"gap","scope":"sessions","part":"page 3","cause":"denied"}"#;
    let outcome = read(lines(&[HEADER, ACCOUNT, TOKEN, part, END]));
    assert_eq!(outcome.codes("sessions"), ["E-PERM-001", "E-WHOLE-004"], "a part says nothing of the rest");
}

#[test]
fn unknown_keys_are_ignored_and_counted() {
    let outcome = with_account(&account(
        r#","colour":"red","holders":[{"relation":"holder","login":"a","shoe":{"size":[1,2]}}]"#,
    ));
    assert_eq!(outcome.state("accounts"), ScopeState::Complete, "{}", outcome.text());
    assert!(
        outcome.notices.iter().any(|notice| notice.contains("colour (1)") && notice.contains("holders[].shoe (1)"))
    );
}

#[test]
fn a_line_that_is_too_long_is_a_gap_and_no_more() {
    for length in [2_001, 2_100, 5_000, 20_000] {
        let long = account(&format!(r#","target":"{}""#, "x".repeat(length)));
        let outcome = read(lines(&[HEADER, &long, ACCOUNT, TOKEN, END]));
        assert_eq!(outcome.codes("accounts"), ["E-LIMIT-001"], "{length}: {}", outcome.text());
        assert_eq!(outcome.ids(), ["u-19", "tok_81"], "{length}");
        assert_eq!(outcome.scope("accounts").gaps[0].0.as_deref(), Some("crm.ndjson line 2"));
    }
    let most = 2_000 - account(r#","target":"""#).len();
    let fits = account(&format!(r#","target":"{}""#, "x".repeat(most)));
    assert_eq!(fits.len(), 2_000);
    assert_eq!(with_account(&fits).state("accounts"), ScopeState::Complete);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_do_no_harm() {
    let mut bytes = b"\xef\xbb\xbf".to_vec();
    bytes.extend([HEADER, ACCOUNT, TOKEN, END].join("\r\n").into_bytes());
    let outcome = read(bytes);
    assert_eq!(outcome.state("accounts"), ScopeState::Complete, "{}", outcome.text());
    assert_eq!(outcome.ids(), ["u-19", "tok_81"]);
}

#[test]
fn blank_identifiers_are_no_identifiers() {
    let outcome = with_account(&account(
        r#","holders":[{"relation":"holder","email":"","login":"  ","employee_id":null,"provider_id":" x"}]"#,
    ));
    assert_eq!(outcome.state("accounts"), ScopeState::Complete);
    let holder = &outcome.accesses[0].holders[0];
    assert_eq!((&holder.email, &holder.login, &holder.employee_id), (&None, &None, &None));
    assert_eq!(holder.provider_id.as_deref(), Some(" x"));
}

#[test]
fn escaped_text_is_unescaped_everywhere() {
    let outcome = with_account(&account(
        r#","\u0070arent":"a\/b\n\ud83d\ude00","client":"\"","holders":[{"relation":"\u0068older","login":"\u0061"}]"#,
    ));
    assert_eq!(outcome.state("accounts"), ScopeState::Complete, "{}", outcome.text());
    let access = &outcome.accesses[0];
    assert_eq!(access.parent.as_ref().map(scan_contract::GrantId::as_str), Some("a/b\n😀"));
    assert_eq!((access.client.as_deref(), access.holders[0].login.as_deref()), (Some("\""), Some("a")));
}
