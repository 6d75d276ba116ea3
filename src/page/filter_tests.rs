//! What each page takes from its address: a filter narrows, or is refused. None does nothing.

use html5gum::{Token, Tokenizer};

use super::tests::{addresses, request, signed_in, site, text};
use super::*;
use crate::emit::sample;

/// Every filter, with a value that fits nothing.
const FILTERS: [(&str, &str); 10] = [
    ("run", "run-2026-08-01T03:30:00Z-8d21"),
    ("show", "closed"),
    ("severity", "info"),
    ("system", "nope"),
    ("kind", "mfa_device"),
    ("team", "zzz"),
    ("person", "p-nobody"),
    ("used", "after"),
    ("q", "zzz"),
    ("page", "1"),
];

/// Routes, and the filters that each of them takes.
const ROUTES: [(&str, &[&str]); 10] = [
    ("/?", &["run"]),
    ("/sign-in?", &["run"]),
    ("/coverage?", &["run"]),
    ("/runs?", &["run"]),
    ("/findings/ra1:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee?", &["run"]),
    ("/findings?", &["run", "show", "severity", "system", "kind", "team", "person", "used", "q", "page"]),
    ("/findings.csv?", &["run", "show", "severity", "system", "kind", "team", "person", "used", "q"]),
    ("/findings?show=ambiguous&", &["run", "system", "kind", "person", "q", "page"]),
    ("/findings.csv?show=ambiguous&", &["run", "system", "kind", "person", "q"]),
    ("/leavers?", &["run", "severity", "system", "person", "q", "page"]),
];

#[test]
fn each_page_takes_the_filters_that_do_something_there_and_refuses_the_others_by_name() {
    let site = site(vec![sample::rich()]);
    for (route, takes) in ROUTES {
        for (name, value) in FILTERS {
            let address = format!("{route}{name}={value}");
            let (status, page) = text(&site, &address, Audience::SignedIn);
            let wanted = if takes.contains(&name) { PageStatus::Found } else { PageStatus::BadRequest };
            assert_eq!(status, wanted, "{address}: {page}");
            assert!(status == PageStatus::Found || page.contains(&format!("`{name}`")), "{address}: {page}");
        }
    }
    let one = text(&site, "/coverage?system=crm", Audience::Anybody);
    assert_eq!(one.0, PageStatus::BadRequest, "also to somebody who did not sign in");
    assert_eq!(text(&site, "/nothing?system=crm", Audience::SignedIn).0, PageStatus::NotFound);
}

#[test]
fn what_is_said_twice_is_refused_unless_both_count() {
    let site = site(vec![sample::rich()]);
    for name in ["system", "person", "q", "team"] {
        let address = format!("/findings?{name}=a&{name}=b");
        let (status, page) = text(&site, &address, Audience::SignedIn);
        assert_eq!(status, PageStatus::BadRequest, "{address}: {page}");
        assert!(page.contains("stands twice"), "{page}");
    }
    assert_eq!(text(&site, "/findings?page=1&page=1", Audience::SignedIn).0, PageStatus::BadRequest);
    signed_in(&site, "/findings?severity=high&severity=critical");
    // A form sends what is empty, too.
    signed_in(&site, "/findings?show=ambiguous&system=&kind=&q=");
    assert_eq!(text(&site, "/coverage?system=", Audience::SignedIn).0, PageStatus::BadRequest);
}

#[test]
fn a_filter_that_fits_nothing_leaves_nothing_in_any_list() {
    let site = site(vec![sample::rich()]);
    let left = |address: &str| {
        let page = signed_in(&site, address);
        // Leavers and findings link to a person; grants without a finding stand by their name.
        ["person=p", "u-77", "a.example", "u-78", "svc-9", "nightly import"].into_iter().any(|word| page.contains(word))
    };
    for route in ["/findings?", "/findings?show=ambiguous&", "/leavers?"] {
        assert!(left(route.trim_end_matches(['?', '&'])), "{route}: the control");
        for filter in ["system=nope", "q=zzz"] {
            assert!(!left(&format!("{route}{filter}")), "{route}{filter}");
        }
    }
    for filter in ["kind=mfa_device", "person=x-nobody"] {
        assert!(!left(&format!("/findings?show=ambiguous&{filter}")), "{filter}");
    }
    let rows = |address: &str| {
        let answer = site.answer(&request(address, Audience::SignedIn));
        let mut reader = csv::Reader::from_reader(answer.body.as_slice());
        let found: Vec<String> = reader.records().map(|row| row.unwrap()[0].to_owned()).collect();
        let of = |record: &str| found.iter().filter(|found| *found == record).count();
        (of("finding"), of("ambiguous"), of("unattributed"), of("gap") > 0)
    };
    // One line says how many more are not listed: whether they fit is not known.
    assert_eq!(rows("/findings.csv?show=ambiguous"), (1, 2, 2, true));
    for filter in ["system=nope", "q=zzz", "kind=mfa_device"] {
        assert_eq!(rows(&format!("/findings.csv?show=ambiguous&{filter}")), (0, 0, 1, true), "{filter}");
    }
    assert_eq!(
        rows("/findings.csv?show=ambiguous&person=p-nobody"),
        (0, 0, 0, true),
        "nobody's grants are no person's"
    );
    assert_eq!(rows("/findings.csv?show=ambiguous&person=p-10"), (0, 1, 0, true));
}

#[test]
fn a_filter_that_fits_a_grant_without_a_finding_keeps_it_and_leaves_out_its_twin() {
    let site = site(vec![sample::rich()]);
    let shown = |filter: &str| {
        let page = signed_in(&site, &format!("/findings?show=ambiguous&{filter}"));
        ["a.example", "u-78", "nightly import"].map(|grant| page.contains(&format!(": {grant}: ")))
    };
    assert_eq!(shown("system=crm"), [true, true, true]);
    assert_eq!(shown("kind=account"), [true, true, true]);
    assert_eq!(shown("person=p-10"), [true, false, false]);
    assert_eq!(shown("q=U-77"), [true, false, false], "by the grant's id");
    assert_eq!(shown("q=nightly"), [false, false, true]);
    assert_eq!(shown("q=p-13"), [false, true, false], "by a candidate");
    let page = signed_in(&site, "/findings?show=ambiguous&q=nightly");
    assert!(page.contains("counted and not listed: 40"), "what is not listed is not looked at: {page}");
}

/// Values of one control of a form.
struct Control {
    action: String,
    name: String,
    values: Vec<String>,
}

/// Links and controls of a page.
fn ways(page: &str) -> (Vec<String>, Vec<Control>) {
    let (mut links, mut controls): (Vec<String>, Vec<Control>) = Default::default();
    let mut action = String::new();
    for Ok(token) in Tokenizer::new(page) {
        let Token::StartTag(tag) = token else { continue };
        let attribute = |key: &str| {
            let value = tag.attributes.get(key.as_bytes())?;
            Some(String::from_utf8(value.to_vec()).unwrap())
        };
        match tag.name.as_slice() {
            b"a" => links.extend(attribute("href")),
            b"form" if attribute("method").as_deref() == Some("get") => action = attribute("action").unwrap(),
            b"form" => action.clear(),
            b"select" => {
                controls.push(Control { action: action.clone(), name: attribute("name").unwrap(), values: Vec::new() });
            }
            b"option" => controls.last_mut().unwrap().values.extend(attribute("value")),
            b"input" => controls.push(Control {
                action: action.clone(),
                name: attribute("name").unwrap(),
                values: attribute("value").into_iter().filter(|value| !value.is_empty()).collect(),
            }),
            _ => {}
        }
    }
    (links, controls)
}

#[test]
fn every_link_and_every_choice_of_a_form_that_the_pages_offer_is_answered() {
    let report = sample::rich();
    let pages = addresses(&report);
    let site = site(vec![report]);
    let (mut links_seen, mut choices_seen) = (0, 0);
    for address in pages.iter().flat_map(|address| {
        let between = if address.contains('?') { '&' } else { '?' };
        [address.clone(), format!("{address}{between}run=run-2026-08-01T03:30:00Z-8d21")]
    }) {
        let page = signed_in(&site, &address);
        let (links, controls) = ways(&page);
        for link in links.iter().filter(|link| link.starts_with('/') && !link.starts_with("/style")) {
            let (status, text) = text(&site, link, Audience::SignedIn);
            assert_eq!(status, PageStatus::Found, "{address} leads to {link}: {text}");
            links_seen += 1;
        }
        let shown = address.split("show=").nth(1).and_then(|rest| rest.split('&').next()).unwrap_or("residual");
        for control in controls.iter().filter(|control| !control.action.is_empty()) {
            let choices = if control.values.is_empty() { vec![String::from("x")] } else { control.values.clone() };
            for value in choices {
                let value = percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC);
                let list = if control.action == "/findings" && control.name != "show" {
                    format!("show={shown}&")
                } else {
                    String::new()
                };
                let sent = format!("{}?{list}{}={value}", control.action, control.name);
                let (status, text) = text(&site, &sent, Audience::SignedIn);
                assert_eq!(status, PageStatus::Found, "{address} offers {sent}: {text}");
                choices_seen += 1;
            }
        }
    }
    assert!(links_seen > 200 && choices_seen > 100, "{links_seen} links, {choices_seen} choices");
}
