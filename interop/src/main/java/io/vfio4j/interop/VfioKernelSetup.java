// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Builds a {@link VfioKernel} from packages of Debian bookworm, whose tools for building modules run on that
 * release and later ones.
 */
final class VfioKernelSetup {

  /** The metapackage whose first dependency is the kernel. */
  static final String IMAGE = "linux-image-6.12-amd64";

  private static final String SOURCE = "linux-source-6.12";
  private static final String SUITE = "bookworm-security";
  private static final Duration TIMEOUT = Duration.ofMinutes(5);
  private static final String RELEASE = "release.txt";
  private static final String SYMBOLS = "Module.symvers";
  /** The VFIO options missing from Debian's configuration. */
  private static final String IOMMUFD_OPTIONS =
      "-DCONFIG_IOMMUFD_MODULE=1 -DCONFIG_IOMMUFD_DRIVER=1 -DCONFIG_VFIO_DEVICE_CDEV=1";

  private final Path work;
  private final Path kernel;
  private final String release;
  private final PrivateApt apt;

  private VfioKernelSetup(Path work, Path kernel, String release, PrivateApt apt) {
    this.work = work;
    this.kernel = kernel;
    this.release = release;
    this.apt = apt;
  }

  /**
   * Builds the kernel and its modules.
   *
   * @param folder the folder for the result
   * @param work a folder for temporary files
   */
  static void run(Path folder, Path work) throws UnavailableException, IOException, InterruptedException {
    for (String program : List.of("make", "gcc", "tar", "strip")) {
      if (!ToolProcess.exists(program)) {
        throw new UnavailableException(program + " is not on the PATH; it is needed to build kernel modules");
      }
    }
    PrivateApt apt = DebianPackages.apt(work,
        List.of(new AptSources.Source(DebianPackages.securityArchive(), SUITE, List.of("main"))));
    String image = apt.resolveMetapackage(IMAGE);
    String release = image.substring("linux-image-".length());
    new VfioKernelSetup(work, folder, release, apt).make(image);
    Files.writeString(folder.resolve(RELEASE), release);
  }

  /** Returns the release of a built kernel, as printed by {@code uname -r}. */
  static String release(Path kernel) throws IOException {
    return Files.readString(kernel.resolve(RELEASE));
  }

  private void make(String image) throws IOException, InterruptedException {
    for (VfioInterface each : VfioInterface.values()) {
      Files.createDirectory(kernel.resolve(each.name()));
    }
    unpackImage(image);
    unpackHeaders();
    Path source = unpackSource(apt.version("linux-headers-" + release));
    buildDriver(source);
    buildVfio(source);
  }

  private void unpackImage(String image) throws IOException, InterruptedException {
    Path unpacked = work.resolve("image");
    DebianPackages.unpack(apt.fetch(image), unpacked);
    DebianPackages.extractKernel(unpacked, kernel.resolve("vmlinuz"));
    Path modules = Files.createDirectory(work.resolve("modules"));
    for (VfioInterface each : VfioInterface.values()) {
      for (String module : each.stockModules()) {
        Path taken = modules.resolve(module + ".ko");
        if (!Files.exists(taken)) {
          DebianPackages.extractModule(unpacked, module, taken);
        }
        Files.copy(taken, kernel.resolve(each.name()).resolve(module + ".ko"));
      }
    }
  }

  private static Path headers(Path kernel, String release) {
    return kernel.resolve("headers/usr/src/linux-headers-" + release);
  }

  /** Unpacks the kernel's build files and makes them relocatable. */
  private void unpackHeaders() throws IOException, InterruptedException {
    String common = "linux-headers-" + release.replace("-amd64", "-common");
    String tools = "linux-kbuild-" + release.replace("-amd64", "");
    for (String name : List.of("linux-headers-" + release, common, tools)) {
      DebianPackages.unpack(apt.fetch(name), kernel.resolve("headers"));
    }
    Path headers = headers(kernel, release);
    Files.writeString(headers.resolve("Makefile"),
        "include $(dir $(lastword $(MAKEFILE_LIST)))../" + common + "/Makefile\n");
    // It would be used to generate BTF, which is not needed, with a tool that is not available.
    Files.deleteIfExists(headers.resolve("vmlinux"));
  }

  private Path unpackSource(String version) throws IOException, InterruptedException {
    Path unpacked = work.resolve("source");
    DebianPackages.unpack(apt.fetch(SOURCE + "=" + version), unpacked);
    String archive = unpacked.resolve("usr/src/" + SOURCE + ".tar.xz").toString();
    List<String> command = new ArrayList<>(List.of("tar", "-xJf", archive, "--wildcards"));
    List.of("drivers/iommu/*.h", "drivers/iommu/iommufd/*", "drivers/vfio/*.[ch]", "drivers/vfio/mdev/*",
        "samples/vfio-mdev/mtty.c", "lib/interval_tree.c")
        .forEach(path -> command.add(SOURCE + "/" + path));
    ToolProcess.run(TIMEOUT, unpacked, command);
    return unpacked.resolve(SOURCE);
  }

  /** Builds the sample driver for the stock modules. */
  private void buildDriver(Path source) throws IOException, InterruptedException {
    Path folder = Files.createDirectory(work.resolve("driver"));
    Files.copy(source.resolve("samples/vfio-mdev/mtty.c"), folder.resolve("mtty.c"));
    Files.writeString(folder.resolve("Kbuild"), "obj-m := mtty.o\n");
    build(kernel, release, folder, List.of());
    install(folder, VfioInterface.GROUP.builtModules(), kernel.resolve(VfioInterface.GROUP.name()));
  }

  /** Builds VFIO with iommufd enabled, and the sample driver for it. */
  private void buildVfio(Path source) throws IOException, InterruptedException {
    Files.copy(source.resolve("samples/vfio-mdev/mtty.c"), source.resolve("mtty.c"));
    String tree = Files.readString(source.resolve("lib/interval_tree.c"));
    String option = "#ifdef CONFIG_INTERVAL_TREE_SPAN_ITER";
    // The rest of the file is built into the kernel.
    Files.writeString(source.resolve("interval_tree_span.c"), """
        #include <linux/export.h>
        #include <linux/interval_tree.h>
        """ + tree.substring(tree.indexOf(option)));
    Files.writeString(source.resolve("Kbuild"), """
        ccflags-y := %s -DCONFIG_INTERVAL_TREE_SPAN_ITER=1
        obj-m := iommufd.o vfio.o vfio_iommu_type1.o mdev.o mtty.o
        iommufd-y := $(addprefix drivers/iommu/iommufd/, device.o fault.o hw_pagetable.o io_pagetable.o ioas.o \\
          main.o pages.o vfio_compat.o iova_bitmap.o) interval_tree_span.o
        vfio-y := $(addprefix drivers/vfio/, vfio_main.o device_cdev.o group.o iommufd.o container.o virqfd.o)
        vfio_iommu_type1-y := drivers/vfio/vfio_iommu_type1.o
        mdev-y := $(addprefix drivers/vfio/mdev/, mdev_core.o mdev_sysfs.o mdev_driver.o)
        """.formatted(IOMMUFD_OPTIONS));
    build(kernel, release, source, List.of());
    install(source, VfioInterface.CDEV.builtModules(), kernel.resolve(VfioInterface.CDEV.name()));
    Files.copy(source.resolve(SYMBOLS), kernel.resolve(SYMBOLS));
  }

  /**
   * Builds the module of the test device for both interfaces.
   *
   * @param kernel the folder of the kernel
   * @param sources the folder with its sources
   * @param folder the folder for the modules
   * @param work a folder for temporary files
   */
  static void buildTestDevice(Path kernel, Path sources, Path folder, Path work)
      throws IOException, InterruptedException {
    for (VfioInterface each : VfioInterface.values()) {
      Path copy = Files.createDirectory(work.resolve(each.name()));
      for (Path file : VfioKernel.files(sources)) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
      List<String> variables = new ArrayList<>(List.of("KCFLAGS=-Werror"));
      if (each == VfioInterface.CDEV) {
        variables.add("TESTDEV_CFLAGS=" + IOMMUFD_OPTIONS);
        variables.add("KBUILD_EXTRA_SYMBOLS=" + kernel.resolve(SYMBOLS));
      }
      build(kernel, release(kernel), copy, variables);
      install(copy, List.of(VfioInterface.TEST_DEVICE), Files.createDirectory(folder.resolve(each.name())));
    }
  }

  private static void build(Path kernel, String release, Path folder, List<String> variables)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(
        List.of("make", "-s", "-j" + Runtime.getRuntime().availableProcessors(), "-C",
            headers(kernel, release).toString(), "M=" + folder, "CC=gcc"));
    command.addAll(variables);
    command.add("modules");
    ToolProcess.run(TIMEOUT, folder, command);
  }

  private static void install(Path from, List<String> modules, Path to)
      throws IOException, InterruptedException {
    for (String module : modules) {
      Path file = to.resolve(module + ".ko");
      Files.copy(from.resolve(module + ".ko"), file);
      ToolProcess.run(TIMEOUT, from, List.of("strip", "--strip-debug", file.toString()));
    }
  }
}
