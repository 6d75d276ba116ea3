//! Native NDJSON, plain and compressed.

use std::io::Write as _;
use std::path::Path;

use super::{Sound, absences, cut, cuts, rewrite, swap};
use crate::company::{Company, account, token};

/// Three leavers' grants among twelve accounts.
pub(crate) fn company() -> Company {
    let mut company = Company::new();
    for number in 10..20 {
        company.records.push(account(&format!("u-{number}"), &format!("nobody{number}@acme.example"), "enabled"));
    }
    company.records.push(token("t-2", "u-1", "enabled"));
    company
}

fn sound() -> Sound {
    let company = company();
    company.write_all();
    Sound::new(company, &[])
}

#[test]
fn a_cut_at_any_place_is_a_gap() {
    let sound = sound();
    let bytes = std::fs::read(sound.path().join("crm.ndjson")).expect("the export");
    let positions = cuts(&bytes, 14, 10);
    for position in positions {
        sound.refuses(&format!("cut at {position} of {}", bytes.len()), &["crm/"], |folder| {
            cut(folder, "crm.ndjson", position);
        });
    }
}

#[test]
fn without_its_last_newline_the_file_is_the_same_or_a_gap() {
    let sound = sound();
    let (_copy, run) = sound.after(|folder| {
        let length = std::fs::read(folder.join("crm.ndjson")).expect("bytes").len();
        cut(folder, "crm.ndjson", length - 1);
    });
    assert!(sound.is_unchanged(&run) || run.flag("gaps"), "{:?}", run.states());
    sound.nothing_closes("no last newline", &run);
}

#[test]
fn a_file_that_is_not_there_is_a_gap() {
    let sound = sound();
    for (what, damage) in absences() {
        sound.refuses(what, &["crm/"], |folder| damage(folder, "crm.ndjson"));
    }
}

#[test]
fn each_wrong_line_is_a_gap_of_the_scope_it_concerns() {
    let sound = sound();
    let export = "crm.ndjson";
    let table: &[(&str, &str, &dyn Fn(&Path))] = &[
        ("no end line", "crm/accounts", &|folder| {
            rewrite(folder, export, |bytes| lines(&bytes, |lines| drop(lines.pop())));
        }),
        ("end line twice", "crm/accounts", &|folder| {
            rewrite(folder, export, |bytes| lines(&bytes, |lines| lines.push(lines[lines.len() - 1].clone())));
        }),
        ("a record after the end", "crm/accounts", &|folder| {
            rewrite(folder, export, |bytes| lines(&bytes, |lines| lines.push(lines[1].clone())));
        }),
        ("end says one more account", "crm/accounts", &|folder| {
            swap(folder, export, "\"accounts\":12", "\"accounts\":13");
        }),
        ("end says one account less", "crm/accounts", &|folder| {
            swap(folder, export, "\"accounts\":12", "\"accounts\":11");
        }),
        ("end does not count tokens", "crm/api-tokens", &|folder| swap(folder, export, ",\"api-tokens\":2}", "}")),
        ("the leaver's account is gone", "crm/accounts", &|folder| without(folder, "\"grant_id\":\"u-1\"")),
        ("the leaver's token is gone", "crm/api-tokens", &|folder| without(folder, "\"grant_id\":\"t-1\"")),
        ("one line stands twice and one is gone", "crm/accounts", &|folder| {
            rewrite(folder, export, |bytes| lines(&bytes, |lines| lines[1] = lines[2].clone()));
        }),
        ("no header", "crm/accounts", &|folder| {
            rewrite(folder, export, |bytes| lines(&bytes, |lines| drop(lines.remove(0))));
        }),
        ("the header stands in the middle", "crm/accounts", &|folder| {
            rewrite(folder, export, |bytes| lines(&bytes, |lines| lines.swap(0, 1)));
        }),
        ("another system", "crm/accounts", &|folder| swap(folder, export, "\"system\":\"crm\"", "\"system\":\"erp\"")),
        ("another format", "crm/accounts", &|folder| swap(folder, export, "holdover-import", "other-import")),
        ("a later version", "crm/accounts", &|folder| swap(folder, export, "\"version\":1", "\"version\":2")),
        ("no instant", "crm/accounts", &|folder| swap(folder, export, "\"as_of\":\"2026-08-03T01:00:00Z\",", "")),
        ("an instant without zone", "crm/accounts", &|folder| {
            swap(folder, export, "2026-08-03T01:00:00Z", "2026-08-03T01:00:00");
        }),
        ("an instant to come", "crm/accounts", &|folder| {
            swap(folder, export, "2026-08-03T01:00:00Z", "2027-08-03T01:00:00Z");
        }),
        ("stale", "crm/accounts", &|folder| swap(folder, export, "2026-08-03T01:00:00Z", "2026-07-03T01:00:00Z")),
        ("a scope that is no longer claimed", "crm/api-tokens", &|folder| {
            swap(folder, export, "[\"accounts\",\"api-tokens\"]", "[\"accounts\"]");
        }),
        ("an unknown status", "crm/api-tokens", &|folder| damage_record(folder, "t-1", "\"enabled\"", "\"aktiv\"")),
        ("an unknown status of a stranger", "crm/accounts", &|folder| {
            damage_record(folder, "u-12", "\"enabled\"", "\"frozen\"");
        }),
        ("an unknown kind", "crm/api-tokens", &|folder| {
            damage_record(folder, "t-1", "\"api_token\"", "\"api_tokens\"");
        }),
        ("an unknown scope", "crm/", &|folder| {
            damage_record(folder, "t-1", "\"scope\":\"api-tokens\"", "\"scope\":\"tokens\"");
        }),
        ("an unknown kind of line", "crm/", &|folder| damage_record(folder, "t-1", "\"access\"", "\"acces\"")),
        ("no grant id", "crm/api-tokens", &|folder| damage_record(folder, "t-1", "\"grant_id\":\"t-1\",", "")),
        ("no status", "crm/api-tokens", &|folder| damage_record(folder, "t-1", "\"status\":\"enabled\",", "")),
        ("an unknown relation", "crm/accounts", &|folder| {
            damage_record(folder, "u-1", "\"relation\":\"holder\"", "\"relation\":\"boss\"");
        }),
        ("a time that is none", "crm/accounts", &|folder| {
            damage_record(folder, "u-1", "2023-04-01T08:00:00Z", "01.04.2023");
        }),
        ("half a record", "crm/", &|folder| damage_record(folder, "t-1", "\"status\":\"enabled\"", "\"status\":\"ena")),
        ("bytes that are no text", "crm/", &|folder| {
            rewrite(folder, export, |mut bytes| {
                let at = position(&bytes, b"\"grant_id\":\"t-1\"") + 12;
                bytes[at] = 0xff;
                bytes
            });
        }),
        ("NUL bytes", "crm/", &|folder| {
            rewrite(folder, export, |mut bytes| {
                let at = position(&bytes, b"{\"record\":\"access\"");
                bytes[at..at + 40].fill(0);
                bytes
            });
        }),
        ("a line that is too long", "crm/", &|folder| {
            damage_record(folder, "t-1", "\"status\"", &format!("\"padding\":\"{}\",\"status\"", "x".repeat(1 << 20)));
        }),
        ("UTF-16", "crm/", &|folder| {
            rewrite(folder, export, |bytes| {
                let text = String::from_utf8(bytes).expect("text");
                [0xfe_u8, 0xff].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect()
            });
        }),
    ];
    for (what, name, damage) in table {
        sound.refuses(what, &[name], damage);
    }
}

#[test]
fn what_the_producer_could_not_read_is_a_gap_with_its_own_words() {
    let sound = sound();
    for cause in ["denied", "not_on_plan", "not_supported", "throttled", "unreachable", "partial"] {
        sound.refuses(cause, &["page seven"], |folder| {
            rewrite(folder, "crm.ndjson", |bytes| {
                lines(&bytes, |lines| {
                    let end = lines.len() - 1;
                    lines.insert(
                        end,
                        format!(r#"{{"record":"gap","scope":"api-tokens","part":"page seven","cause":"{cause}","detail":"d"}}"#),
                    );
                })
            });
        });
    }
    sound.refuses("an unknown cause", &["crm/"], |folder| {
        rewrite(folder, "crm.ndjson", |bytes| {
            lines(&bytes, |lines| {
                lines.insert(1, String::from(r#"{"record":"gap","scope":"api-tokens","cause":"tired"}"#));
            })
        });
    });
}

#[test]
fn a_record_of_a_colleague_may_change_and_the_verdict_stays() {
    // The positive control: the comparison below is not blind to everything.
    let sound = sound();
    let (_copy, run) = sound.after(|folder| damage_record(folder, "u-12", "\"write\"", "\"read\""));
    run.expect(1);
    assert!(sound.is_unchanged(&run), "{:?}", run.states());
}

#[test]
fn compressed_files_prove_their_end_as_well() {
    let packings: [(&str, fn(&[u8]) -> Vec<u8>); 2] = [("crm.ndjson.gz", gzip), ("crm.ndjson.zst", zstandard)];
    for (name, pack) in packings {
        let mut company = company();
        company.export_name = String::from(name);
        company.write_all();
        let plain = company.export();
        company.write(name, pack(plain.as_bytes()));
        let sound = Sound::new(company, &[]);
        let packed = std::fs::read(sound.path().join(name)).expect("bytes");
        for step in 0..12 {
            let position = packed.len() * step / 12;
            sound.refuses(&format!("{name} cut at {position}"), &["crm/"], |folder| cut(folder, name, position));
        }
        for back in [1, 2, 4, 8] {
            let (_copy, run) = sound.after(|folder| cut(folder, name, packed.len() - back));
            assert!(run.flag("gaps") || sound.is_unchanged(&run), "{name} without its last {back} bytes");
            sound.nothing_closes(name, &run);
        }
        sound.refuses(&format!("{name} flipped"), &["crm/"], |folder| {
            rewrite(folder, name, |mut bytes| {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 0x55;
                bytes
            });
        });
        sound.refuses(&format!("{name} with something after it"), &["crm/"], |folder| {
            rewrite(folder, name, |mut bytes| {
                bytes.extend_from_slice(b"{\"record\":\"access\"}\n");
                bytes
            });
        });
        sound.refuses(&format!("{name} is not packed at all"), &["crm/"], |folder| {
            std::fs::write(folder.join(name), plain.as_bytes()).expect("a file");
        });
        sound.refuses(&format!("{name} packs a file that was cut"), &["crm/"], |folder| {
            std::fs::write(folder.join(name), pack(&plain.as_bytes()[..plain.len() - 30])).expect("a file");
        });
        for (what, damage) in absences() {
            sound.refuses(&format!("{name} {what}"), &["crm/"], |folder| damage(folder, name));
        }
    }
}

/// Rewrites a text line by line.
pub(crate) fn lines(bytes: &[u8], change: impl FnOnce(&mut Vec<String>)) -> Vec<u8> {
    let mut lines: Vec<String> = String::from_utf8(bytes.to_vec()).expect("text").lines().map(String::from).collect();
    change(&mut lines);
    let mut text = lines.join("\n");
    text.push('\n');
    text.into_bytes()
}

fn without(folder: &Path, what: &str) {
    rewrite(folder, "crm.ndjson", |bytes| lines(&bytes, |lines| lines.retain(|line| !line.contains(what))));
}

/// Changes the line of one grant.
fn damage_record(folder: &Path, grant: &str, from: &str, to: &str) {
    rewrite(folder, "crm.ndjson", |bytes| {
        lines(&bytes, |lines| {
            let wanted = format!("\"grant_id\":\"{grant}\"");
            let line = lines.iter_mut().find(|line| line.contains(&wanted)).expect("the grant's line");
            assert!(line.contains(from), "{line} has no {from}");
            *line = line.replacen(from, to, 1);
        })
    });
}

fn position(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).position(|window| window == what).expect("there")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn zstandard(bytes: &[u8]) -> Vec<u8> {
    // With a checksum, as the command-line tool writes it.
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).expect("an encoder");
    encoder.include_checksum(true).expect("a checksum");
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}
