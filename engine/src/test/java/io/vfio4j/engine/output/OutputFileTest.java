// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The kinds of files that an output option may name, and how they are written. */
class OutputFileTest {

  @TempDir
  private Path folder;

  private Path path(String name) {
    return folder.resolve(name);
  }

  private static void run(String... command) throws Exception {
    assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).as(String.join(" ", command))
        .isZero();
  }

  private static int mode(Path file) throws IOException {
    return ((Number) Files.getAttribute(file, "unix:mode")).intValue();
  }

  private void assertOnly(String... names) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder(names);
    }
  }

  @Test
  void replacesRegularFileKeepingMode() throws Exception {
    Files.writeString(path("a"), "an old one");
    Files.setPosixFilePermissions(path("a"), PosixFilePermissions.fromString("rw-r-----"));
    Files.createLink(path("same"), path("a"));

    OutputFile.of(path("a")).write("a new one");

    assertThat(path("a")).hasContent("a new one");
    assertThat(path("same")).hasContent("an old one");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path("a"))))
        .isEqualTo("rw-r-----");
    assertOnly("a", "same");
  }

  @Test
  void followsLinksWithoutReplacingThem() throws Exception {
    Files.createDirectory(path("elsewhere"));
    Files.createSymbolicLink(path("one"), Path.of("two"));
    Files.createSymbolicLink(path("two"), Path.of("elsewhere/a"));

    OutputFile.of(path("one")).write("first");
    OutputFile.of(path("one")).write("second");

    assertThat(path("one")).isSymbolicLink();
    assertThat(path("two")).isSymbolicLink();
    assertThat(path("elsewhere/a")).hasContent("second");
    assertOnly("one", "two", "elsewhere");
  }

  @Test
  void rejectsCyclicLinks() throws Exception {
    Files.createSymbolicLink(path("one"), Path.of("two"));
    Files.createSymbolicLink(path("two"), Path.of("one"));

    assertThatExceptionOfType(FileException.class).isThrownBy(() -> OutputFile.of(path("one")));
  }

  @Test
  void followsLinksForNewFile() throws Exception {
    Files.createDirectory(path("elsewhere"));
    Files.createSymbolicLink(path("one"), Path.of("elsewhere/a"));
    try (AtomicFile file = AtomicFile.begin(path("one"))) {
      assertThat(path("elsewhere/a")).doesNotExist();
      file.publish();
    }
    assertThat(path("one")).isSymbolicLink();
    assertThat(path("elsewhere/a")).isRegularFile();
    assertOnly("one", "elsewhere");
    try (Stream<Path> files = Files.list(path("elsewhere"))) {
      assertThat(files).hasSize(1);
    }
  }

  @Test
  void writesDeviceNodeInPlace() throws Exception {
    OutputFile full = OutputFile.of(Path.of("/dev/full"));
    assertThatIOException().isThrownBy(() -> full.write("text"));
    try (OutputStream out = full.open()) {
      assertThatIOException().isThrownBy(() -> out.write(1));
    }
    assertThat(mode(Path.of("/dev/full")) & 0xf000).as("a character device").isEqualTo(0x2000);

    assumeTrue("root".equals(System.getProperty("user.name")), "mknod is root's");
    run("mknod", path("null").toString(), "c", "1", "3");
    run("mknod", path("disk").toString(), "b", "7", "200");
    try {
      OutputFile.of(path("null")).write("text");
    } catch (IOException e) {
      assumeTrue(false, "device nodes work in this folder: " + e);
    }
    assertThat(mode(path("null")) & 0xf000).isEqualTo(0x2000);
    assertThatExceptionOfType(FileException.class).isThrownBy(() -> OutputFile.of(path("disk")))
        .withMessageContaining("block device");
    assertThatExceptionOfType(FileException.class).isThrownBy(() -> AtomicFile.begin(path("null")))
        .withMessageContaining("not a regular file");
  }

  @Test
  void writesPipeInPlace() throws Exception {
    run("mkfifo", path("pipe").toString());
    OutputFile pipe = OutputFile.of(path("pipe"));
    assertThatIOException().as("without a reader it neither blocks nor loses data")
        .isThrownBy(() -> pipe.write("text")).withMessageContaining("Broken pipe");
    try (RandomAccessFile reader = new RandomAccessFile(path("pipe").toFile(), "rw")) {
      pipe.write("text");
      byte[] read = new byte["text".length()];
      reader.readFully(read);
      assertThat(read).isEqualTo("text".getBytes(StandardCharsets.US_ASCII));
    }
    assertThat(mode(path("pipe")) & 0xf000).as("a pipe").isEqualTo(0x1000);
    assertOnly("pipe");
  }

  @Test
  void rejectsSocketsAndDirectories() throws Exception {
    Path socket = path("socket");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      assertThatExceptionOfType(FileException.class).isThrownBy(() -> OutputFile.of(socket))
          .withMessageContaining("is a socket");
      assertThatExceptionOfType(FileException.class).isThrownBy(() -> AtomicFile.begin(socket))
          .withMessageContaining("is a socket");
    }
    assertThatExceptionOfType(FileException.class).isThrownBy(() -> OutputFile.of(folder))
        .withMessageContaining("is a directory");
    assertThatExceptionOfType(FileException.class).isThrownBy(() -> OutputFile.of(path("no/file")))
        .withMessageContaining("there is no directory");
  }

  /** A path of an open descriptor, as a shell passes it for a process substitution. */
  @Test
  void appendsToOpenDescriptor() throws Exception {
    Files.writeString(path("a"), "old, ");
    try (FileChannel open = FileChannel.open(path("a"), StandardOpenOption.WRITE);
        Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      Path descriptor = all.filter(this::isOpenA).findFirst().orElseThrow();
      Files.createSymbolicLink(path("link"), descriptor);
      OutputFile.of(path("link")).write("and new");
      assertThat(open.size()).isEqualTo(12);
    }
    assertThat(path("a")).hasContent("old, and new");
  }

  private boolean isOpenA(Path descriptor) {
    try {
      return Files.isSameFile(descriptor, path("a"));
    } catch (IOException e) {
      return false; // Closed meanwhile.
    }
  }

  @Test
  void reusesStandardOutput() throws Exception {
    Path stdout = Path.of("/dev/stdout");
    try (FileOutputStream out = OutputFile.of(stdout).open()) {
      assertThat(out.getFD()).isSameAs(FileDescriptor.out);
    }
    assertThat(System.out.checkError()).as("closed").isFalse();
  }

  @Test
  void replacesAtomicallyAndLocksOpenFile() throws Exception {
    Files.writeString(path("a"), "old");
    Files.createLink(path("same"), path("a"));
    OutputFile file = OutputFile.of(path("a")).ownerOnly();
    try (FileOutputStream out = file.open()) {
      out.write('x');
      Thread.currentThread().interrupt();
      out.write('y');
      assertThat(Thread.interrupted()).isTrue();
      assertThat(path("a")).hasContent("xy");
      assertThat(path("same")).hasContent("old");
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path("a"))))
          .isEqualTo("rw-------");
      assertThatExceptionOfType(FileException.class).isThrownBy(() -> OutputFile.of(path("a")).open())
          .withMessageContaining("is in use");
    }
    assertOnly("a", "same");
  }

  @Test
  void writesDespiteInterrupt() throws Exception {
    Thread.currentThread().interrupt();
    OutputFile.of(path("a")).write("text");
    assertThat(Thread.interrupted()).isTrue();
    assertThat(path("a")).hasContent("text");
  }
}
