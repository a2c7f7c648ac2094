// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import io.vfio4j.cli.base.ChildServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Records sessions of QEMU with a server, for tests that replay them. */
final class SessionRecorder {

  private static final String DEVICE = "0000:01:00.0";
  private static final int DMA = 16 << 10;
  private static final int INTERRUPTS = 3;

  private interface Scenario {
    void play(Guest guest) throws IOException, InterruptedException;
  }

  private SessionRecorder() {
  }

  /**
   * Records all scenarios.
   *
   * @param folder the folder for the files, which are overwritten
   */
  static void run(Path cache, Path folder) throws UnavailableException, IOException, InterruptedException {
    Files.createDirectories(folder);
    try (GuestEnvironment environment = GuestEnvironment.open(cache)) {
      record(environment, folder.resolve("qemu-scratch-boot.rec"), GuestSettings.DEFAULT,
          SessionRecorder::exercise);
      record(environment, folder.resolve("qemu-scratch-private-memory.rec"),
          GuestSettings.DEFAULT.withPrivateMemory(),
          SessionRecorder::remapAndExercise);
      record(environment, folder.resolve("qemu-scratch-iommu.rec"), GuestSettings.DEFAULT.withIommu(),
          guest -> {
            guest.function(DEVICE).bind("vfio-pci");
            guest.function(DEVICE).vfio("msix intx reset msix");
          });
      record(environment, folder.resolve("qemu-scratch-reboot.rec"), GuestSettings.DEFAULT, guest -> {
        exercise(guest);
        guest.reboot();
        exercise(guest);
      });
    }
  }

  /** Messages do not contain the content of shared memory, so only other memory can be remapped. */
  private static void remapAndExercise(Guest guest) throws IOException, InterruptedException {
    guest.function(DEVICE).enable();
    guest.function(DEVICE).checkDma(DMA);
    exercise(guest);
  }

  private static void exercise(Guest guest) throws IOException, InterruptedException {
    GuestFunction function = guest.function(DEVICE);
    function.enable();
    function.bind("uio_pci_generic");
    ScratchInterrupts.raise(function, INTERRUPTS);
    function.unbind();
    function.reset();
  }

  private static void record(GuestEnvironment environment, Path file, GuestSettings settings,
      Scenario session)
      throws UnavailableException, IOException, InterruptedException {
    ChildServer server =
        environment.serve("scratch", "--memory", "64k", "--once", "--record",
            file.toAbsolutePath().toString());
    Guest guest = environment.boot(settings.withDeviceBehindRootPort(server.socket()));
    session.play(guest);
    guest.close();
    server.stop();
    System.out.printf("%s: %,d bytes%n", file.getFileName(), Files.size(file));
  }
}
