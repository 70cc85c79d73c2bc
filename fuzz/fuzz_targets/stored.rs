#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| petset_fuzz::stored(input));
