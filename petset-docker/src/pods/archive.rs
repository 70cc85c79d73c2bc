//! Files into volumes: the engine unpacks an archive at a path of the sandbox, which mounts every volume of the pod.

use std::path::Path;

use bollard::query_parameters::{ContainerArchiveInfoOptionsBuilder, UploadToContainerOptionsBuilder};
use bytes::Bytes;
use petset_core::{Error, ErrorKind, Result};
use tar::{Builder, EntryType, Header};

use crate::client::{Client, Failure};

/// An archive in the making.
pub(super) struct Archive {
    tar: Builder<Vec<u8>>,
    group: u64,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The permissions.
    pub(super) mode: u32,
    pub(super) is_link: bool,
}

impl Archive {
    /// An empty one, whose files will belong to root and to this group.
    pub(super) fn new(group: u64) -> Self {
        Self { tar: Builder::new(Vec::new()), group }
    }

    pub(super) fn directory(&mut self, path: &Path, mode: u32) -> Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Directory);
        self.append(header, path, mode, &[])
    }

    pub(super) fn file(&mut self, path: &Path, mode: u32, content: &[u8]) -> Result<()> {
        self.append(Header::new_gnu(), path, mode, content)
    }

    fn append(&mut self, mut header: Header, path: &Path, mode: u32, content: &[u8]) -> Result<()> {
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(self.group);
        header.set_mtime(0);
        header.set_size(content.len() as u64);
        self.tar.append_data(&mut header, path, content).map_err(|error| {
            Error::new(ErrorKind::Invalid, "pack the files of a volume")
                .with_context("path", path.display())
                .with_source(error)
        })
    }

    /// Unpacks it at `path` of a container.
    pub(super) async fn unpack(self, client: &Client, container: &str, path: &str) -> Result<()> {
        let bytes = self
            .tar
            .into_inner()
            .map_err(|error| Error::new(ErrorKind::Internal, "pack the files of a volume").with_source(error))?;
        let options = UploadToContainerOptionsBuilder::default().path(path).build();
        let (container, body) = (container.to_owned(), bollard::body_full(Bytes::from(bytes)));
        let sent = client.ask("write files into a volume", |docker| async move {
            docker.upload_to_container(&container, Some(options), body).await
        });
        Ok(sent.await?)
    }
}

/// What is at `path` of a container; `None` when there is nothing.
pub(super) async fn stat(client: &Client, container: &str, path: &str) -> Result<Option<Found>, Failure> {
    /// Go's mode bit of a symbolic link.
    const LINK: u32 = 1 << 27;
    let options = ContainerArchiveInfoOptionsBuilder::default().path(path).build();
    let container = container.to_owned();
    let found = client.ask("look into a volume", |docker| async move {
        docker.get_container_archive_info(&container, Some(options)).await
    });
    match found.await {
        Ok(found) => Ok(Some(Found { mode: found.file_mode & 0o777, is_link: found.file_mode & LINK != 0 })),
        Err(failure) if failure.is_not_found() => Ok(None),
        Err(failure) => Err(failure),
    }
}
