//! Planted secrets stay where they were planted, and hostile names stay names.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use scan_contract::Scanner;
use tracing_subscriber::fmt::MakeWriter;

use super::bench::{Bench, Credential, Point, Setting, Stage};
use super::drive::{excused, judge, read_once, run, scanner_of, sweep};
use super::read::{Follow, read_everything};
use crate::canary::Canaries;
use crate::fault::{Damage, FaultServer, Logged, On};

/// What the program's own log can show at its highest level: everything of ours, and libraries that see the wire up to
/// `info` (SEC-5).
const HIGHEST: &str = "trace,h2=info,hyper=info,hyper_util=info,reqwest=info,rustls=info,tower=info,octocrab=info,\
    aws_config=info,aws_credential_types=info,aws_runtime=info,aws_sigv4=info,aws_smithy_runtime=info,\
    aws_smithy_runtime_api=info,aws_smithy_http=info,aws_sdk_iam=info,aws_sdk_sts=info,aws_sdk_organizations=info,\
    aws_sdk_ssoadmin=info,aws_sdk_identitystore=info,aws_sdk_cloudtrail=info,mio=info,want=info";

#[derive(Debug, Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl io::Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Heard {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Everything that is logged on this thread meanwhile, at the highest level.
fn hear(what: impl FnOnce()) -> Vec<u8> {
    let heard = Heard::default();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(HIGHEST))
        .with_ansi(false)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer(heard.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, what);
    heard.bytes()
}

/// One run of everything a scanner can say, and all the text of it.
fn everything_said(
    bench: &dyn Bench,
    setting: &Setting,
    prepare: impl FnOnce(&FaultServer),
) -> Vec<(&'static str, Vec<u8>)> {
    let service = bench.serve(setting);
    prepare(&service.server);
    let mut texts = Vec::new();
    let log = hear(|| match scanner_of(bench, &service, setting) {
        Err(cause) => texts.push(("the constructor", format!("{cause} {cause:?}").into_bytes())),
        Ok(scanner) => run(async {
            texts.push(("the reading", read_everything(&scanner, Follow::Everybody).await.text().into_bytes()));
            texts.push(("the rights", rights_in_words(&scanner).await.into_bytes()));
            texts.push(("the policy", scanner.policy().unwrap_or_default().into_bytes()));
            texts.push(("the manifest", format!("{:?}", scanner.manifest()).into_bytes()));
        }),
    });
    texts.push(("the log", log));
    service.server.stop();
    texts
}

async fn rights_in_words(scanner: &Arc<dyn Scanner>) -> String {
    match scanner.check_rights().await {
        Ok(rights) => format!("{rights:#?}"),
        Err(cause) => format!("{cause} {cause:?}"),
    }
}

/// No planted secret comes out: not in records, gaps, notices, rights, policy or log; in success, in every refusal, with
/// a wrong credential, and when what comes is no answer at all.
pub fn canaries_stay_in(bench: &dyn Bench) {
    let mut canaries = bench.secret_fields().iter().fold(Canaries::new(61), |canaries, name| canaries.in_field(name));
    let secret = canaries.plant("the scanner's own credential");
    let canaries = Arc::new(canaries);
    judge(Point::CanariesStayIn, &control(&canaries));
    let with = |credential: Credential| Setting {
        secret: secret.clone(),
        canaries: Some(Arc::clone(&canaries)),
        ..Setting::usual().with(credential)
    };
    let mut cases = vec![
        (String::from("success"), (Credential::Right, None)),
        (String::from("wrong credential"), (Credential::Wrong, None)),
        (String::from("other tenant"), (Credential::OtherTenant, None)),
        (String::from("cut everywhere"), (Credential::Right, Some((On::any(), Damage::CutAtFraction(1, 2))))),
    ];
    for route in bench.routes() {
        let on = || On::operation(route.operation);
        let denied = (on(), Damage::Reply(route.refusal.clone()));
        cases.push((format!("{} denied", route.operation), (Credential::Right, Some(denied))));
        let broken = (on(), Damage::change(|_, answer| answer.of(500)));
        cases.push((format!("{} broken", route.operation), (Credential::Right, Some(broken))));
        let half = Damage::change(|_, mut answer| {
            answer.body.truncate(answer.body.len() / 2);
            answer
        });
        cases.push((format!("{} answers with half", route.operation), (Credential::Right, Some((on(), half)))));
    }
    let failures = sweep(cases, |(credential, fault)| {
        let texts = everything_said(bench, &with(credential), |server| {
            if let Some((on, damage)) = &fault {
                drop(server.plant(on.clone(), damage.clone()).optional());
            }
        });
        let leaks = texts.iter().flat_map(|(place, text)| canaries.leaks(place, text));
        leaks.map(|leak| format!("{} shows in {} ({})", leak.planted, leak.found, leak.encoding)).collect()
    });
    judge(Point::CanariesStayIn, &failures);
}

/// The search finds what it has to find: a secret that is logged on purpose, in the log of this very machinery.
fn control(canaries: &Canaries) -> Vec<String> {
    let Some(canary) = canaries.all().first() else { return vec![String::from("there are no canaries")] };
    let heard = hear(|| tracing::trace!(target: "scan_control", text = %canary.secret, "on purpose"));
    if canaries.leaks("the log", &heard).is_empty() {
        return vec![String::from("a secret that was logged on purpose is not found")];
    }
    Vec::new()
}

/// A mark in each hostile name, so that it is recognised wherever it turns up.
const MARK: &str = "q7x";

/// Texts that are something else when they are not taken as names. Each carries a mark of its own, but for the last few,
/// which are only what they are.
pub fn hostile_names() -> Vec<String> {
    let plain = [
        "a/b",
        "../../admin",
        "..%2f..%2fadmin",
        "%2e%2e",
        "a?b=c",
        "a#b",
        "a&b=c",
        "a;b",
        "a b",
        "a+b",
        "%",
        "%zz",
        "%00",
        "-rf",
        "--all",
        "=1+1",
        "@here",
        "*)(uid=*",
        "' or 1=1 --",
        "\"quoted\"",
        "a\\b",
        "a\nb",
        "a\r\nx-evil: 1",
        "a\tb",
        "{\"a\":1}",
        "<b>",
        "&amp;",
        "${jndi:x}",
        "{{7*7}}",
        "\u{202e}evil",
        "\u{200b}",
        "\u{1b}[31m",
        "e\u{301}",
        "\u{1f511}",
        "a,b",
        "a|b",
        "[a](http://x)",
        "http://127.0.0.1:1/",
    ];
    let mut all: Vec<String> = plain.iter().enumerate().map(|(at, name)| format!("{name}{MARK}{at:02}")).collect();
    all.extend(["..", ".", "%2e%2e", "%2E."].map(String::from));
    all
}

/// Hostile names in every text field: nothing panics, nothing unlisted is asked, every name that is asked for arrives as
/// it was given, and every record comes or is named in a gap.
pub fn hostile_names_everywhere(bench: &dyn Bench) {
    if excused(bench, Point::HostileNames, "") {
        return;
    }
    let names = hostile_names();
    let setting = Setting::of(Stage::Names(names.clone()));
    let (reading, log, mut failures) = read_once(bench, &setting, |_| {});
    if reading.scopes.is_empty() {
        failures.push(format!("nothing is declared: {:?}", reading.undeclared));
    }
    for gap in reading.gaps().filter(|gap| gap.part.is_none()) {
        let name = gap.scope.as_ref().map_or("every scope", |scope| scope.as_str());
        // A follow-up may be impossible to ask for; a list may not fall for one name in it.
        if !reading.scopes.get(name).is_some_and(|scope| scope.follow_up || scope.is_told_unread()) {
            failures.push(format!("{name} is spoilt as a whole by a name: {}", gap.cause));
        }
    }
    let records: u64 = reading.scopes.values().map(|scope| scope.count).sum();
    if records < names.len() as u64 {
        failures.push(format!("{records} records for {} names", names.len()));
    }
    failures.extend(log.iter().flat_map(|logged| mangled(logged, &names)));
    judge(Point::HostileNames, &failures);
}

/// Names that arrived in pieces or changed.
fn mangled(logged: &Logged, names: &[String]) -> Vec<String> {
    let asked = &logged.asked;
    let mut places: Vec<String> = asked.segments.clone();
    places.extend(asked.query.iter().map(|(_, value)| value.clone()));
    let media = asked.header("content-type").unwrap_or("");
    if media.contains("form") {
        places.extend(asked.form().into_iter().map(|(_, value)| value));
    } else {
        strings(&asked.json(), &mut places);
    }
    let whole = |place: &str| names.iter().any(|name| place.contains(name.as_str()));
    places
        .into_iter()
        .filter(|place| place.contains(MARK) && !whole(place))
        .map(|place| format!("{} {} carries a name that was changed: {place:?}", asked.method, asked.path))
        .collect()
}

fn strings(value: &serde_json::Value, into: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => into.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| strings(item, into)),
        serde_json::Value::Object(fields) => fields.values().for_each(|field| strings(field, into)),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}
