//! Base64 as OpenSSH decodes it (`b64_pton`): white space anywhere is skipped, padding is demanded, and bits that no
//! byte uses must be zero. A stricter decoder would skip keys that sshd accepts, such as those of a file with CRLF.

/// The bytes, or `None` where OpenSSH refuses the text.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut held: u32 = 0;
    let mut state = 0_u8;
    let mut rest = text.iter().copied().filter(|byte| !is_space(*byte));
    for byte in rest.by_ref() {
        if byte == b'=' {
            return finish(bytes, held, state, rest);
        }
        held = (held << 6) | u32::from(value(byte)?);
        state += 1;
        if state == 4 {
            bytes.extend_from_slice(&held.to_be_bytes()[1..]);
            held = 0;
            state = 0;
        }
    }
    (state == 0).then_some(bytes)
}

/// What follows the first `=`.
fn finish(mut bytes: Vec<u8>, held: u32, state: u8, mut rest: impl Iterator<Item = u8>) -> Option<Vec<u8>> {
    match state {
        2 => {
            if rest.next() != Some(b'=') || rest.next().is_some() || held & 0x0f != 0 {
                return None;
            }
            bytes.push((held >> 4).to_be_bytes()[3]);
        }
        3 => {
            if rest.next().is_some() || held & 0x03 != 0 {
                return None;
            }
            bytes.extend_from_slice(&(held >> 2).to_be_bytes()[2..]);
        }
        _ => return None,
    }
    Some(bytes)
}

/// White space of the C locale.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn value(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn padding_and_white_space_are_read_as_openssh_reads_them() {
        assert_eq!(decode(b"Zm9v"), Some(b"foo".to_vec()));
        assert_eq!(decode(b"Zm8=\r\n"), Some(b"fo".to_vec()));
        assert_eq!(decode(b"Zg=="), Some(b"f".to_vec()));
        assert_eq!(decode(b"Zm\x0b9v"), Some(b"foo".to_vec()));
        for wrong in [&b"Zm8"[..], b"Zg=", b"Zg=a", b"Zm9=", b"Zh==", b"Zm9v=", b"Z", b"Zm9\xff"] {
            assert_eq!(decode(wrong), None, "{wrong:?}");
        }
    }
}
