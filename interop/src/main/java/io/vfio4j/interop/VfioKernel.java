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
 * A kernel with mediated devices that can migrate: mtty, its own sample, and the test device of {@code interop/kernel}.
 *
 * @param kernel the kernel and its modules
 * @param testDevice the module of the test device, for each interface
 */
record VfioKernel(Path kernel, Path testDevice) {

  /**
   * Returns it out of a cache, and builds there what is missing.
   *
   * @param cache the folder that it is kept in
   * @param sources of the test device's module
   * @throws UnavailableException if it cannot be had on this machine
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

  /** Tells one version of sources from another. */
  private static String digest(Path sources) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Path file : files(sources)) {
        digest.update(file.getFileName().toString().getBytes(StandardCharsets.UTF_8));
        digest.update(Files.readAllBytes(file));
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // Every Java has it.
    }
  }

  static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  /** Returns the kernel's file. */
  Path image() {
    return kernel.resolve("vmlinuz");
  }

  /** Returns the files of modules, in the order of loading. */
  List<Path> modules(VfioInterface which) {
    String folder = which.name();
    return Stream.of(
        Stream.concat(which.stockModules().stream(), which.builtModules().stream())
            .map(module -> kernel.resolve(folder).resolve(module + ".ko")),
        Stream.of(testDevice.resolve(folder).resolve(VfioInterface.TEST_DEVICE + ".ko")))
        .flatMap(each -> each).toList();
  }
}
