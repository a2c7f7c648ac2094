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
 * The native library of zstd-jni. By default, zstd-jni unpacks it from its jar into a temporary folder, loads it
 * and deletes it. A process killed in between leaves it behind, and on a file system mounted noexec it does not
 * load. An installation therefore has it unpacked beside this module's jar, which is tried first.
 */
final class NativeLibrary {

  /** zstd-jni's property for a library to load instead of the one in its jar. */
  private static final String PATH_PROPERTY = "ZstdNativePath";

  /** zstd-jni's property for the folder to unpack to; the default is java.io.tmpdir. */
  private static final String FOLDER_PROPERTY = "ZstdTempFolder";

  private NativeLibrary() {
  }

  /**
   * Loads the library, once.
   *
   * @throws IllegalStateException if it does not load
   */
  static void load() {
    if (System.getProperty(PATH_PROPERTY) == null) {
      installedLibrary().ifPresent(path -> System.setProperty(PATH_PROPERTY, path.toString()));
    }
    try {
      Native.load();
    } catch (LinkageError | UnsupportedOperationException e) {
      throw new IllegalStateException("cannot load the native library of zstd from %s (%s). %s"
          .formatted(location(), firstLine(e), advice()), e);
    }
  }

  /** The other lines concern a library of the system, which is not used. */
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
      throw new IllegalStateException("invalid code source location", e);
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
        ? "It must be built for this machine and be on a file system not mounted noexec; or migrate without compression"
        : "If that is mounted noexec, set another folder with -D%s=DIR; or migrate without compression"
            .formatted(FOLDER_PROPERTY);
  }
}
