// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.zstd;

import com.github.luben.zstd.util.Native;
import com.github.luben.zstd.util.ZstdVersion;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.Optional;

/**
 * The native library of zstd-jni. It is in that one's jar, and is unpacked from there into a folder for temporary files,
 * loaded and removed: a process that is killed in that moment leaves it behind, and a file system that is mounted noexec
 * cannot do it. So it is looked for beside this module's jar first, where an installation has it unpacked.
 */
final class NativeLibrary {

  /** Of zstd-jni: a library that it takes instead of its own. */
  private static final String PATH_PROPERTY = "ZstdNativePath";

  /** Of zstd-jni: where it unpacks its own; else java.io.tmpdir. */
  private static final String FOLDER_PROPERTY = "ZstdTempFolder";

  private NativeLibrary() {
  }

  /**
   * Loads it; doing so again does nothing.
   *
   * @throws IllegalStateException if that cannot be done
   */
  static void load() {
    if (System.getProperty(PATH_PROPERTY) == null) {
      installedLibrary().ifPresent(path -> System.setProperty(PATH_PROPERTY, path.toString()));
    }
    try {
      Native.load();
    } catch (LinkageError | UnsupportedOperationException e) {
      throw new IllegalStateException("the native library of zstd does not load from %s (%s). %s"
          .formatted(location(), firstLine(e), advice()), e);
    }
  }

  /** The rest is about a library of the system's, which nobody has in mind. */
  private static String firstLine(Throwable failure) {
    return String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
  }

  private static Optional<Path> installedLibrary() {
    CodeSource source = NativeLibrary.class.getProtectionDomain().getCodeSource();
    if (source == null || source.getLocation() == null) {
      return Optional.empty();
    }
    try {
      Path library = Path.of(source.getLocation().toURI()).resolveSibling(
          "linux/%s/libzstd-jni-%s.so".formatted(System.getProperty("os.arch"), ZstdVersion.VERSION));
      return Files.isRegularFile(library) ? Optional.of(library) : Optional.empty();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("a module from nowhere", e);
    }
  }

  private static String location() {
    String path = System.getProperty(PATH_PROPERTY);
    return path != null
        ? path
        : "a copy in " + System.getProperty(FOLDER_PROPERTY, System.getProperty("java.io.tmpdir"));
  }

  private static String advice() {
    return System.getProperty(PATH_PROPERTY) != null
        ? "It has to be one for this machine, on a file system that is not mounted noexec; or go without compression"
        : "If that is mounted noexec, name another folder with -D%s=DIR; or go without compression"
            .formatted(FOLDER_PROPERTY);
  }
}
