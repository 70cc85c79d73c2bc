//! Files into volumes: the engine unpacks an archive at a path of the sandbox, which mounts every volume of the pod.

use std::io;
use std::path::Path;

use bollard::query_parameters::{
    ContainerArchiveInfoOptionsBuilder, DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder,
};
use bytes::Bytes;
use futures::StreamExt;
use petset_core::{Error, ErrorKind, Result};
use tar::{Builder, EntryType, Header};

use crate::client::{Client, Failure};

/// An archive in the making.
pub(super) struct Archive {
    tar: Builder<Vec<u8>>,
    group: u64,
}

/// Who may do what with a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) user: u64,
    pub(super) group: u64,
    /// The permissions.
    pub(super) mode: u32,
}

impl Archive {
    /// An empty one, whose files will belong to root and to this group.
    pub(super) fn new(group: u64) -> Self {
        Self { tar: Builder::new(Vec::new()), group }
    }

    pub(super) fn directory(&mut self, path: &Path, mode: u32) -> Result<()> {
        self.directory_of(path, Access { user: 0, group: self.group, mode })
    }

    /// A directory of somebody else.
    pub(super) fn directory_of(&mut self, path: &Path, access: Access) -> Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Directory);
        self.append(header, path, access, &[])
    }

    pub(super) fn file(&mut self, path: &Path, mode: u32, content: &[u8]) -> Result<()> {
        let access = Access { user: 0, group: self.group, mode };
        self.append(Header::new_gnu(), path, access, content)
    }

    fn append(&mut self, mut header: Header, path: &Path, access: Access, content: &[u8]) -> Result<()> {
        let Access { user, group, mode } = access;
        header.set_mode(mode);
        header.set_uid(user);
        header.set_gid(group);
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

/// Whether what is at `path` of a container is a symbolic link; `None` when there is nothing.
pub(super) async fn is_link(client: &Client, container: &str, path: &str) -> Result<Option<bool>, Failure> {
    /// Go's mode bit of a symbolic link.
    const LINK: u32 = 1 << 27;
    let options = ContainerArchiveInfoOptionsBuilder::default().path(path).build();
    let container = container.to_owned();
    let found = client.ask("look into a volume", |docker| async move {
        docker.get_container_archive_info(&container, Some(options)).await
    });
    match found.await {
        Ok(found) => Ok(Some(found.file_mode & LINK != 0)),
        Err(failure) if failure.is_not_found() => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Who may do what at `path` of a container. The engine tells it in an archive of all that is there, of which no more than
/// the beginning is read.
pub(super) async fn access(client: &Client, container: &str, path: &str) -> Result<Access> {
    const OPERATION: &str = "look into a volume";
    /// The first entry, with its extensions if it has any, is within so many bytes.
    const BEGINNING: usize = 16 << 10;
    let options = DownloadFromContainerOptionsBuilder::default().path(path).build();
    let container = container.to_owned();
    let asked = client.ask(OPERATION, |docker| async move {
        let mut archive = docker.download_from_container(&container, Some(options)).boxed();
        let mut beginning = Vec::new();
        while beginning.len() < BEGINNING
            && let Some(part) = archive.next().await
        {
            beginning.extend_from_slice(&part?);
        }
        Ok::<_, bollard::errors::Error>(beginning)
    });
    let beginning = asked.await?;
    read_access(&beginning)
        .map_err(|error| Error::new(ErrorKind::Corrupt, OPERATION).with_context("path", path).with_source(error))
}

/// Of the first entry of an archive.
fn read_access(archive: &[u8]) -> io::Result<Access> {
    let mut archive = tar::Archive::new(archive);
    let entry = archive.entries()?.next().ok_or(io::ErrorKind::UnexpectedEof)??;
    let header = entry.header();
    Ok(Access { user: header.uid()?, group: header.gid()?, mode: header.mode()? & 0o7777 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_do_what_is_in_the_first_entry() {
        let access = Access { user: 999, group: 7, mode: 0o2775 };
        let mut archive = Archive::new(1);
        archive.directory_of(Path::new("data"), access).unwrap();
        archive.file(Path::new("data/a"), 0o600, b"x").unwrap();
        let archive = archive.tar.into_inner().unwrap();
        assert_eq!(read_access(&archive).unwrap(), access);
        assert!(read_access(&[]).is_err() && read_access(&archive[..100]).is_err());
    }
}
