use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use html5gum::{Token, Tokenizer};
use proptest::prelude::*;
use scan_contract::Instant;

use super::query::{Query, Shown};
use super::*;
use crate::emit::sample::{self, SampleRules, at};
use crate::emit::tests::hostile::{CORPUS, poisoned};
use crate::findings::{Finding, Fingerprint, Severity};
use crate::report::CellVerdict;
use crate::serve::page_port::{RunNow, ServiceFacts};

/// Whether a finding fits a filter.
type Fits<'a> = Box<dyn Fn(&Finding) -> bool + 'a>;

/// Kept runs in memory.
struct Kept {
    reports: Vec<Report>,
    broken: Vec<String>,
    asked: Arc<AtomicU32>,
}

impl Kept {
    fn of(reports: Vec<Report>) -> Self {
        Self { reports, broken: Vec::new(), asked: Arc::default() }
    }
}

impl Source for Kept {
    fn reports(&self) -> Result<Vec<(String, Instant)>, SourceError> {
        Ok(self.reports.iter().map(|report| (report.run.id.clone(), report.run.ended_at)).collect())
    }

    fn report(&self, run: &str) -> Result<Report, SourceError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.broken.iter().any(|broken| broken == run) {
            return Err(SourceError::Failed(String::from("the kept report cannot be unpacked")));
        }
        let found = self.reports.iter().find(|report| report.run.id == run).cloned();
        found.ok_or_else(|| SourceError::Failed(String::from("no such run is kept")))
    }

    fn history(&self, fingerprint: &Fingerprint) -> Result<Vec<String>, SourceError> {
        Ok(vec![format!("observed: seen for the first time <b>{fingerprint}</b>")])
    }

    fn recall(&self, fingerprint: &Fingerprint) -> Result<Option<Finding>, SourceError> {
        let mut old = sample::rich().closed.remove(0);
        old.fingerprint = Fingerprint([0xee; 16]);
        Ok((*fingerprint == old.fingerprint).then_some(old))
    }
}

pub(super) fn site(reports: Vec<Report>) -> Site {
    Site::new(Box::new(Kept::of(reports)), Box::new(SampleRules), Yields::new())
}

pub(super) fn request(address: &str, audience: Audience) -> PageRequest {
    let url = url::Url::parse(&format!("http://localhost{address}")).unwrap();
    PageRequest {
        path: percent_encoding::percent_decode_str(url.path()).decode_utf8().unwrap().into_owned(),
        query: url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
        audience,
        now: at("2026-08-01T09:00:00Z"),
        service: ServiceFacts::default(),
    }
}

pub(super) fn text(site: &Site, address: &str, audience: Audience) -> (PageStatus, String) {
    let answer = site.answer(&request(address, audience));
    (answer.status, String::from_utf8(answer.body).unwrap())
}

pub(super) fn signed_in(site: &Site, address: &str) -> String {
    let (status, text) = text(site, address, Audience::SignedIn);
    assert_eq!(status, PageStatus::Found, "{address}: {text}");
    text
}

/// Every page of a report, the lists of findings included.
pub(super) fn addresses(report: &Report) -> Vec<String> {
    let lists = Shown::ALL.map(|shown| format!("/findings?show={}", shown.word()));
    let all = report.findings.iter().chain(&report.closed).chain(&report.remnants).chain(&report.licenses);
    let single = all.map(|finding| format!("/findings/{}", finding.fingerprint));
    ["/", "/leavers", "/coverage", "/runs"].map(String::from).into_iter().chain(lists).chain(single).collect()
}

#[test]
fn every_page_answers_and_hostile_text_is_text_in_all_of_them() {
    let mut tokens = 0;
    for hostile in CORPUS {
        let report = poisoned(hostile);
        let pages = addresses(&report);
        let site = site(vec![report]);
        for address in pages {
            let page = signed_in(&site, &address);
            for token in Tokenizer::new(page.as_str()) {
                let Ok(token) = token;
                tokens += 1;
                let Token::StartTag(tag) = token else { continue };
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                assert!(
                    !matches!(name.as_str(), "script" | "img" | "iframe" | "object" | "style" | "base"),
                    "{address}: {name}"
                );
                for (key, value) in &tag.attributes {
                    let (key, value) = (String::from_utf8_lossy(key), String::from_utf8_lossy(value));
                    assert!(!key.starts_with("on") && key != "style", "{address}: {key}");
                    if matches!(&*key, "href" | "src" | "action") {
                        assert!(value.starts_with('/') || value.starts_with('#'), "{address}: {key}={value}");
                        assert!(!value.starts_with("//"), "{address}: {key}={value}");
                    }
                }
            }
            assert!(!page.chars().any(|c| crate::hostile::is_dangerous(c) && c != '\n'), "{address}");
        }
    }
    assert!(tokens > 10_000, "{tokens}");
}

#[test]
fn nobody_unknown_is_shown_a_person_a_grant_or_a_scope() {
    let mut report = poisoned("canary-7f3a");
    // What an organisation says about itself is no person.
    report.run.organisation = String::from("acme");
    let pages = addresses(&report);
    let site = site(vec![report]);
    let (mut open, mut shut) = (0, 0);
    for address in pages.iter().map(String::as_str).chain(["/findings.csv", "/sign-in", "/findings/ra1:nonsense"]) {
        let (status, page) = text(&site, address, Audience::Anybody);
        assert!(!page.contains("canary-7f3a"), "{address} shows a person");
        match status {
            PageStatus::Found => open += 1,
            PageStatus::NeedsSignIn => shut += 1,
            other => panic!("{address}: {other:?}"),
        }
    }
    assert_eq!(open, 3);
    assert!(shut > 10);
    // The twin: somebody who signed in is shown it.
    assert!(signed_in(&site, "/leavers").contains("canary-7f3a"));
    assert_eq!(text(&site, "/nothing", Audience::Anybody).0, PageStatus::NotFound);
}

#[test]
fn a_list_that_is_empty_because_of_gaps_does_not_say_that_there_is_nothing() {
    let mut report = sample::rich();
    report.findings.clear();
    let page = signed_in(&site(vec![report.clone()]), "/findings");
    let (complete, declared) = report.coverage();
    assert!(complete < declared);
    assert!(page.contains(&format!("None found in {complete} of {declared} scopes")), "{page}");
    // Filters that leave nothing say so, and do not speak of the whole.
    let page = signed_in(&site(vec![sample::rich()]), "/findings?q=nothing-like-this");
    assert!(page.contains("fits these filters") && !page.contains("None found"), "{page}");
}

#[test]
fn a_leaver_with_a_doubtful_grant_is_not_called_clear_and_the_twin_is() {
    let mut report = sample::rich();
    report.leavers.truncate(1);
    let leaver = &mut report.leavers[0];
    (leaver.open, leaver.worst, leaver.complete_scopes) = (0, None, leaver.declared_scopes);
    leaver.cells = vec![(CellVerdict::NoneFound, 0), (CellVerdict::NotKnown, 0)];
    let page = signed_in(&site(vec![report.clone()]), "/leavers");
    assert!(!page.contains("no residual access") && page.contains("may be theirs"), "{page}");
    report.leavers[0].cells[1] = (CellVerdict::WithinTime, 0);
    let page = signed_in(&site(vec![report.clone()]), "/leavers");
    assert!(!page.contains("no residual access") && page.contains("only access within the agreed time"), "{page}");
    report.leavers[0].cells[1] = (CellVerdict::NoneFound, 0);
    assert!(signed_in(&site(vec![report]), "/leavers").contains("no residual access in 6 complete scopes"));
}

#[test]
fn each_filter_keeps_what_it_names_and_leaves_out_its_twin() {
    let report = sample::rich();
    let site = site(vec![report.clone()]);
    let listed: Vec<&Finding> = report.findings.iter().filter(|finding| Shown::Residual.holds(finding)).collect();
    assert!(listed.len() > 3);
    let first = listed[0];
    let filters: [(String, Fits<'_>); 5] = [
        (format!("severity={}", first.severity), Box::new(|finding| finding.severity == first.severity)),
        (format!("system={}", first.system), Box::new(|finding| finding.system == first.system)),
        (format!("kind={}", first.access_kind), Box::new(|finding| finding.access_kind == first.access_kind)),
        (format!("person={}", first.person_id), Box::new(|finding| finding.person_id == first.person_id)),
        (format!("q={}", first.grant_id), Box::new(|finding| finding.grant_id == first.grant_id)),
    ];
    for (filter, fits) in filters {
        let page = signed_in(&site, &format!("/findings?{filter}"));
        for finding in &listed {
            let shown = page.contains(&format!("/findings/{}\"", finding.fingerprint).replace(':', "%3A"))
                || page.contains(&format!("/findings/{}\"", finding.fingerprint));
            assert_eq!(shown, fits(finding), "{filter}: {}", finding.fingerprint);
        }
    }
}

#[test]
fn an_address_that_is_not_understood_is_refused_and_never_passed_over() {
    let site = site(vec![sample::rich()]);
    for address in
        ["/findings?severity=awful", "/findings?kind=key", "/findings?page=0", "/findings?sevrity=high", "/?show=all"]
    {
        let (status, page) = text(&site, address, Audience::SignedIn);
        assert_eq!(status, PageStatus::BadRequest, "{address}: {page}");
    }
    assert_eq!(text(&site, "/findings?page=9999", Audience::SignedIn).0, PageStatus::NotFound);
    assert_eq!(text(&site, "/?run=run-x", Audience::SignedIn).0, PageStatus::NotFound);
    assert_eq!(text(&site, "/findings/ra1:77", Audience::SignedIn).0, PageStatus::NotFound);
}

#[test]
fn a_finding_that_closed_long_ago_is_remembered_and_said_to_be() {
    let site = site(vec![sample::rich()]);
    let page = signed_in(&site, &format!("/findings/{}", Fingerprint([0xee; 16])));
    assert!(page.contains("It is not in the run shown here"), "{page}");
    assert!(page.contains("&#60;b&#62;") || page.contains("&lt;b&gt;"), "the history is escaped");
    let other = format!("/findings/{}", Fingerprint([0xdd; 16]));
    assert_eq!(text(&site, &other, Audience::SignedIn).0, PageStatus::NotFound);
}

#[test]
fn a_run_that_cannot_be_read_is_counted_as_missing_and_the_others_are_shown() {
    let mut older = sample::rich();
    older.run.id = String::from("run-older");
    let mut broken = sample::rich();
    broken.run.id = String::from("run-broken");
    let mut kept = Kept::of(vec![sample::rich(), older, broken]);
    kept.broken = vec![String::from("run-broken")];
    let site = Site::new(Box::new(kept), Box::new(SampleRules), Yields::new());
    let page = signed_in(&site, "/");
    assert!(page.contains("1 kept run is not in it"), "{page}");
    assert!(page.contains("<svg"), "two runs make a course");
    let (status, page) = text(&site, "/?run=run-broken", Audience::SignedIn);
    assert_eq!(status, PageStatus::Unavailable);
    assert!(page.contains("cannot be unpacked"));
}

#[test]
fn before_the_first_run_the_page_says_so() {
    let site = site(Vec::new());
    let (status, page) = text(&site, "/", Audience::SignedIn);
    assert_eq!(status, PageStatus::Found);
    assert!(page.contains("No run has ended yet"), "{page}");
    assert_eq!(text(&site, "/leavers", Audience::Anybody).0, PageStatus::NeedsSignIn);
}

#[test]
fn a_run_that_goes_on_and_a_service_in_trouble_are_told_on_every_page() {
    let site = site(vec![sample::rich()]);
    let mut request = request("/coverage", Audience::Anybody);
    request.service.running = Some(RunNow {
        id: 1,
        started_at: at("2026-08-01T08:59:00Z"),
        systems: vec!["aws-prod".into()],
        stage: String::from("reading"),
    });
    request.service.troubles = vec![String::from("the new configuration <b>was refused</b>")];
    let page = String::from_utf8(site.answer(&request).body).unwrap();
    assert!(page.contains("A run of aws-prod is going on since 1 min: reading."), "{page}");
    assert!(page.contains("was refused") && !page.contains("<b>was refused"));
}

#[test]
fn the_download_holds_the_findings_that_are_shown_and_the_gaps() {
    let report = sample::rich();
    let site = site(vec![report]);
    let answer = site.answer(&request("/findings.csv?severity=critical", Audience::SignedIn));
    assert_eq!(answer.content, PageContent::Csv);
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(answer.body.as_slice()).records().collect::<Result<_, _>>().unwrap();
    let of = |record: &str| rows.iter().filter(|row| &row[0] == record).count();
    assert!(of("finding") >= 1 && of("gap") >= 1);
    assert!(rows.iter().filter(|row| &row[0] == "finding").all(|row| row.iter().any(|cell| cell == "critical")));
}

#[test]
fn the_same_report_is_read_once() {
    let kept = Kept::of(vec![sample::rich()]);
    let asked = Arc::clone(&kept.asked);
    let site = Site::new(Box::new(kept), Box::new(SampleRules), Yields::new());
    for _ in 0..3 {
        signed_in(&site, "/");
        signed_in(&site, "/runs");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

proptest! {
    #[test]
    fn filters_read_from_their_own_address_are_the_same(
        system in proptest::option::of("[a-z<>&\"'%+ #?=/\u{e9}]{1,12}"),
        text in proptest::option::of("\\PC{1,20}"),
        team in proptest::option::of("[ -~]{1,10}"),
        used in any::<bool>(),
        page in 1_usize..500,
        severity in proptest::sample::subsequence(Severity::ALL.to_vec(), 0..=5),
        shown in proptest::sample::select(Shown::ALL.to_vec()),
    ) {
        let query = Query { run: None, shown, severities: severity, system, kind: None, team, person: None, used, text, page };
        let read = Query::read(&request(&query.address("/findings"), Audience::SignedIn));
        let idle = shown == Shown::Ambiguous && (used || query.team.is_some() || !query.severities.is_empty());
        if idle {
            prop_assert!(read.is_err(), "{:?}", read);
        } else {
            prop_assert_eq!(read, Ok(query));
        }
    }
}
