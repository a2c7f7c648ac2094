// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.handover;

import io.vfio4j.cli.testing.SelfKillingProcess;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;

/** A VMM in a process of its own, which can be killed or stopped. */
public final class VmmProcess implements AutoCloseable {

  private static final String READY = "ready";

  /** What the VMM does with the device. */
  enum Use {
    /** It sets itself up. */
    SET_UP,
    /** It also starts the device's traffic. */
    TRAFFIC,
    /** It accesses the device without a pause. */
    ACCESSES
  }

  private final Process process;

  private VmmProcess(Process process) {
    this.process = process;
  }

  /** Starts a VMM, and waits until it has done that. */
  static VmmProcess start(Path socket, Path memoryFile, Use use) throws IOException {
    Process process = SelfKillingProcess.start(VmmProcess.class, socket.toString(), memoryFile.toString(),
        use.name());
    VmmProcess vmm = new VmmProcess(process);
    BufferedReader output = process.inputReader();
    if (!READY.equals(output.readLine())) {
      vmm.close();
      throw new IOException("the VMM has failed");
    }
    return vmm;
  }

  /**
   * Uses a device until killed.
   *
   * @param args the device's socket, the memory's file, a {@link Use}
   */
  public static void main(String[] args) throws IOException {
    TestVmm vmm = TestVmm.connect(Path.of(args[0]), Path.of(args[1])).setUp();
    Use use = Use.valueOf(args[2]);
    if (use == Use.TRAFFIC) {
      vmm.startTraffic();
    }
    System.out.println(READY);
    while (use == Use.ACCESSES) {
      vmm.isMarked();
    }
    // Until killed.
    System.in.read();
  }

  long pid() {
    return process.pid();
  }

  void kill() {
    process.destroyForcibly();
    process.onExit().join();
  }

  /** Sends SIGSTOP. */
  void stop() throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-STOP", Long.toString(pid())).start().waitFor();
  }

  @Override
  public void close() {
    kill();
  }
}
