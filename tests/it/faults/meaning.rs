//! Rows M1 to M6: what a listed thing means: spellings, delays, status words, names inside requests, secrets.
