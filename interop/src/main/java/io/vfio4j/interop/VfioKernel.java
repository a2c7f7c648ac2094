// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A kernel with migratable mediated devices: its sample mtty, and the test device of {@code interop/kernel}.
 *
 * @param kernel the folder of the kernel and its modules
 * @param testDevice the folder of the test device's module, built for each interface
 */
record VfioKernel(Path kernel, Path testDevice) {

  /**
   * Returns the kernel from a cache, and builds the missing parts.
   *
   * @param cache the folder of the cache
   * @param sources the folder with the sources of the test device's module
   * @throws UnavailableException if it cannot be built on this machine
   */
  static VfioKernel in(Path cache, Path sources)
      throws UnavailableException, IOException, InterruptedException {
    Path kernel = FolderCache.provide(cache, "vfio-kernel", recipe(), VfioKernelSetup::run);
    Path testDevice =
        FolderCache.provide(cache, "vfio-testdev",
            recipe() + VfioKernelSetup.release(kernel) + digest(sources),
            (folder, work) -> VfioKernelSetup.buildTestDevice(kernel, sources, folder, work));
    return new VfioKernel(kernel, testDevice);
  }

  private static String recipe() {
    return VfioKernelSetup.IMAGE + "\n" + Arrays.stream(VfioInterface.values())
        .map(each -> each + " " + each.stockModules() + " " + each.builtModules() + "\n")
        .collect(Collectors.joining());
  }

  /** Returns a hash of the sources. */
  private static String digest(Path sources) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Path file : files(sources)) {
        digest.update(file.getFileName().toString().getBytes(StandardCharsets.UTF_8));
        digest.update(Files.readAllBytes(file));
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK supports SHA-256
    }
  }

  static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  /** Returns the file of the kernel. */
  Path image() {
    return kernel.resolve("vmlinuz");
  }

  /** Returns the module files in loading order. */
  List<Path> modules(VfioInterface interfaces) {
    String folder = interfaces.name();
    return Stream.of(
        Stream.concat(interfaces.stockModules().stream(), interfaces.builtModules().stream())
            .map(module -> kernel.resolve(folder).resolve(module + ".ko")),
        Stream.of(testDevice.resolve(folder).resolve(VfioInterface.TEST_DEVICE + ".ko")))
        .flatMap(each -> each).toList();
  }
}
