// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.util.FileTypes;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The file of a listening UNIX socket. */
final class UnixSocketFile {

  private final Path path;
  private final @Nullable Object inode;

  private UnixSocketFile(Path path, @Nullable Object inode) {
    this.path = path;
    this.inode = inode;
  }

  /**
   * Binds a channel to a path. The socket is created in a private directory, gets its mode there, and is then moved to its
   * path: between bind and chmod other users could connect to it, as far as the umask permits.
   */
  static UnixSocketFile bind(ServerSocketChannel channel, TransportAddress.Unix address, int backlog)
      throws IOException {
    Path path = address.path().toAbsolutePath();
    requireFree(address, path);
    Path parent = Objects.requireNonNull(path.getParent(), "no folder");
    if (!Files.isDirectory(parent)) {
      throw new IOException("cannot listen on %s: there is no directory %s".formatted(address, parent));
    }
    Path folder = Files.createTempDirectory(parent, ".");
    Path hidden = folder.resolve("s");
    try {
      channel.bind(UnixDomainSocketAddress.of(hidden), backlog);
      Files.setPosixFilePermissions(hidden, PosixFilePermissions.fromString("rw-------"));
      Files.move(hidden, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return new UnixSocketFile(path, attributes(path).fileKey());
    } finally {
      Files.deleteIfExists(hidden);
      Files.delete(folder);
    }
  }

  private static void requireFree(TransportAddress.Unix address, Path path) throws IOException {
    try {
      attributes(path);
      if (!isSocket(path, LinkOption.NOFOLLOW_LINKS)) {
        throw new IOException("cannot listen on %s: it exists and is not a socket".formatted(address));
      }
    } catch (NoSuchFileException e) {
      return;
    }
    if (isAlive(path)) {
      throw new IOException("cannot listen on %s: it is in use".formatted(address));
    }
  }

  /** Returns whether a path is a socket. */
  static boolean isSocket(Path path, LinkOption... options) {
    try {
      return FileTypes.of(path, options) == FileTypes.SOCKET;
    } catch (IOException e) {
      return true; // Removed meanwhile, or not accessible: the next system call reports it.
    }
  }

  private static boolean isAlive(Path path) {
    try (SocketChannel probe = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      return probe.isConnected();
    } catch (IOException e) {
      return false; // Refused: its process has ended, and left the file.
    }
  }

  private static BasicFileAttributes attributes(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
  }

  /** Removes the file, unless another process has replaced it. */
  void unlink() throws IOException {
    try {
      if (Objects.equals(inode, attributes(path).fileKey())) {
        Files.delete(path);
      }
    } catch (NoSuchFileException e) {
      // Removed already.
    }
  }
}
