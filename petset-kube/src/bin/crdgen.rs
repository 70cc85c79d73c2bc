//! Prints the definition of the resource `PetSet`, for `kubectl apply -f -`.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    let text = serde_saphyr::to_string(&petset_kube::resource::generate()).map_err(io::Error::other)?;
    io::stdout().write_all(text.as_bytes())
}
