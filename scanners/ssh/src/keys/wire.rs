//! The binary form of public keys (RFC 4251 section 5, RFC 4253 section 6.6, RFC 5656, RFC 8709, PROTOCOL.u2f and
//! PROTOCOL.certkeys of OpenSSH).

/// Reads fields from the front of a blob.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// A field with its length before it.
    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (field, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(field)
    }

    /// A positive integer without its leading zeros. Negative ones are refused, as OpenSSH does.
    pub(super) fn positive(&mut self) -> Option<&'a [u8]> {
        let field = self.string()?;
        if field.first().is_some_and(|first| *first >= 0x80) {
            return None;
        }
        let zeros = field.iter().take_while(|byte| **byte == 0).count();
        Some(&field[zeros..])
    }

    /// Whether nothing is left.
    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }
}

/// Appends a field with its length.
pub(super) fn put_string(blob: &mut Vec<u8>, field: &[u8]) {
    let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
    blob.extend_from_slice(&length.to_be_bytes());
    blob.extend_from_slice(field);
}

/// Appends a positive integer in its shortest form.
pub(super) fn put_positive(blob: &mut Vec<u8>, number: &[u8]) {
    if number.first().is_some_and(|first| *first >= 0x80) {
        let mut padded = Vec::with_capacity(number.len() + 1);
        padded.push(0);
        padded.extend_from_slice(number);
        put_string(blob, &padded);
    } else {
        put_string(blob, number);
    }
}
