//! Who may ask what.

use std::process::Command;

use super::life::set_private;
use super::{QUIET, SECRET, Serving, today};
use crate::company::Company;

#[test]
fn with_a_bearer_nothing_but_health_is_told_to_whoever_does_not_know_it() {
    let company = today(QUIET);
    let serving = Serving::start(&company);
    for path in ["/", "/metrics", "/api/v1/runs", "/coverage", "/findings", "/no-such-page", "/style.css"] {
        let nobody = serving.get(path);
        assert_eq!(nobody.status, 401, "{path}: {nobody:?}");
        assert!(nobody.header("www-authenticate").is_some_and(|value| value.starts_with("Basic ")));
        let wrong = serving.send("GET", path, &["Authorization: Bearer 0123456789abcdef0123456789abcdee"], "");
        assert_eq!(wrong.status, 401, "{path}");
        assert!(!wrong.body.contains("p-1"));
    }
    assert_eq!(serving.known("GET", "/style.css", "").status, 200);
    let basic = data_encoding::BASE64.encode(format!("somebody:{SECRET}").as_bytes());
    assert_eq!(serving.send("GET", "/style.css", &[&format!("Authorization: Basic {basic}")], "").status, 200);
}

#[test]
fn without_anybody_who_could_sign_in_no_person_is_shown_and_no_run_starts() {
    let company = today(&QUIET.replace("  bearer: { env: BEARER }\n", ""));
    company.holdover(&["scan", "--no-progress", "--quiet"]);
    let serving = Serving::start(&company);
    for path in ["/", "/coverage", "/runs", "/leavers", "/findings", "/metrics", "/api/v1/runs"] {
        let shown = serving.get(path);
        for person in ["p-1", "Ana", "ana@", "u-1", "t-1"] {
            assert!(!shown.body.contains(person), "{path} shows {person}:\n{}", shown.body);
        }
    }
    assert_eq!(serving.get("/").status, 200);
    assert!(serving.get("/metrics").body.contains("holdover_residual_findings"));
    assert_eq!(serving.send("POST", "/api/v1/runs", &[], "").status, 403);
    // What is offered and not asked for signs nobody in either.
    assert_eq!(serving.known("POST", "/api/v1/runs", "").status, 401);
}

#[test]
fn another_host_name_another_method_and_another_site_are_refused() {
    let company = today(&format!("{QUIET}  names: [holdover.acme.example]\n"));
    let serving = Serving::start(&company);
    let bearer = format!("Authorization: Bearer {SECRET}");
    for host in ["evil.example", "holdover.acme.example.evil.example"] {
        let refused = serving.send("GET", "/", &[&format!("Host: {host}"), &bearer], "");
        assert_eq!(refused.status, 421, "{host}: {refused:?}");
    }
    for host in ["holdover.acme.example", "localhost", "127.0.0.1:1"] {
        assert_eq!(serving.send("GET", "/style.css", &[&format!("Host: {host}"), &bearer], "").status, 200, "{host}");
    }
    assert_eq!(serving.send("GET", "/", &["Host: a", "Host: b"], "").status, 400);
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "POST"] {
        let refused = serving.send(method, "/", &[&bearer], "");
        assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")), "{method}");
    }
    for other in ["Sec-Fetch-Site: cross-site", "Origin: https://evil.example", "Origin: null"] {
        assert_eq!(serving.send("POST", "/api/v1/runs", &[&bearer, other], "").status, 403, "{other}");
    }
    let own = format!("Origin: http://{}", serving.address);
    assert_eq!(serving.send("POST", "/api/v1/runs", &[&bearer, &own, "Sec-Fetch-Site: same-origin"], "").status, 202);
}

#[test]
fn every_answer_is_hardened_and_a_head_has_no_body() {
    let company = today(QUIET);
    let serving = Serving::start(&company);
    for path in ["/healthz", "/", "/metrics"] {
        let answer = serving.get(path);
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(answer.header("server").is_none());
    }
    let head = serving.send("HEAD", "/healthz", &[], "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    let long = format!("/{}", "a".repeat(200_000));
    assert!(matches!(serving.get(&long).status, 414 | 431 | 400 | 0), "{}", serving.get(&long).status);
}

/// A certificate authority with a certificate of the service and one of a client.
fn certificates(company: &Company) {
    use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
    let authority = |name: &str| {
        let mut params = CertificateParams::new(Vec::new()).expect("params");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        (certificate.pem(), Issuer::new(params, key))
    };
    let leaf = |issuer: &Issuer<'_, KeyPair>, name: &str, usage: ExtendedKeyUsagePurpose| {
        let mut params =
            CertificateParams::new(vec![String::from("localhost"), String::from("127.0.0.1")]).expect("params");
        params.extended_key_usages = vec![usage];
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, issuer).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    };
    let (roots, issuer) = authority("ours");
    let (_, stranger) = authority("a stranger's");
    company.write("ca.pem", roots);
    for (name, issuer, usage) in [
        ("server", &issuer, ExtendedKeyUsagePurpose::ServerAuth),
        ("client", &issuer, ExtendedKeyUsagePurpose::ClientAuth),
        ("stranger", &stranger, ExtendedKeyUsagePurpose::ClientAuth),
    ] {
        let (certificate, key) = leaf(issuer, name, usage);
        company.write(&format!("{name}.pem"), certificate);
        company.write(&format!("{name}.key"), key);
        set_private(company, &format!("{name}.key"));
    }
}

/// Status by curl, a client we did not write; `000` where there was none.
fn curl(company: &Company, serving: &Serving, path: &str, arguments: &[&str]) -> String {
    let url = format!("https://localhost:{}{path}", serving.address.port());
    let output = Command::new("curl")
        .current_dir(company.path())
        .args([
            "--silent",
            "--noproxy",
            "*",
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code}",
            "--max-time",
            "20",
            "--cacert",
            "ca.pem",
        ])
        .args(arguments)
        .arg(&url)
        .output();
    match output {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(error) => panic!("curl: {error}"),
    }
}

#[test]
fn a_client_certificate_signs_in_one_of_another_authority_is_turned_away_and_a_renewed_certificate_is_shown() {
    if Command::new("curl").arg("--version").output().is_err() {
        assert!(std::env::var("HOLDOVER_SERVERS").as_deref() != Ok("required"), "curl is missing");
        println!("skipped: there is no curl");
        return;
    }
    let serve = QUIET.replace(
        "  bearer: { env: BEARER }\n",
        "  bearer: { env: BEARER }\n  tls: { certificate: server.pem, key: { file: server.key }, client_ca: ca.pem }\n",
    );
    let mut company = today(&serve);
    company.extra = serve.replace("127.0.0.1:0", "0.0.0.0:0") + "  names: [localhost]\n";
    company.write_all();
    certificates(&company);
    let serving = Serving::start(&company);
    let ours = ["--cert", "client.pem", "--key", "client.key"];
    let theirs = ["--cert", "stranger.pem", "--key", "stranger.key"];
    assert_eq!(curl(&company, &serving, "/style.css", &ours), "200");
    assert_eq!(curl(&company, &serving, "/style.css", &[]), "401");
    assert_eq!(curl(&company, &serving, "/style.css", &theirs), "000");
    assert_eq!(curl(&company, &serving, "/healthz", &[]), "200");
    assert_eq!(
        curl(&company, &serving, "/style.css", &["--header", &format!("Authorization: Bearer {SECRET}")]),
        "200"
    );
    assert_eq!(curl(&company, &serving, "/style.css", &["--user", &format!("any:{SECRET}")]), "200");
    // Plain text on the same port is no request.
    assert_eq!(serving.get("/healthz").status, 0);
    // Another authority, another certificate: from the next connection on, without a restart.
    certificates(&company);
    serving.signal(rustix::process::Signal::HUP);
    serving.until_told("is in force (asked for by a signal)");
    assert_eq!(curl(&company, &serving, "/style.css", &ours), "200");
}
