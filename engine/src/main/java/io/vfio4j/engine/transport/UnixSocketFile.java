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

/** The file of a UNIX socket that is listened on. */
final class UnixSocketFile {

  private final Path path;
  private final @Nullable Object inode;

  private UnixSocketFile(Path path, @Nullable Object inode) {
    this.path = path;
    this.inode = inode;
  }

  /**
   * Binds a channel to a path. The socket is made in a folder that nobody else may enter, gets its mode
   * there and is then moved to its place: between bind and chmod anybody could connect to it, as far as the
   * umask allows.
   */
  static UnixSocketFile bind(ServerSocketChannel channel, TransportAddress.Unix address, int backlog)
      throws IOException {
    Path path = address.path().toAbsolutePath();
    requireFree(address, path);
    Path parent = Objects.requireNonNull(path.getParent(), "no folder");
    if (!Files.isDirectory(parent)) {
      throw new IOException("cannot listen on %s: there is no folder %s".formatted(address, parent));
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

  /** Returns whether there is a socket at a path: to the JDK a FIFO is "other" too. */
  static boolean isSocket(Path path, LinkOption... options) {
    try {
      return FileTypes.of(path, options) == FileTypes.SOCKET;
    } catch (IOException e) {
      return true; // Gone meanwhile, or not ours to look at: what the system says then is all there is to say.
    }
  }

  private static boolean isAlive(Path path) {
    try (SocketChannel probe = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      return probe.isConnected();
    } catch (IOException e) {
      return false; // Refused: its owner is gone, and the file is all that is left.
    }
  }

  private static BasicFileAttributes attributes(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
  }

  /** Removes the file, unless somebody else has put another in its place. */
  void unlink() throws IOException {
    try {
      if (Objects.equals(inode, attributes(path).fileKey())) {
        Files.delete(path);
      }
    } catch (NoSuchFileException e) {
      // Somebody has removed it already.
    }
  }
}
