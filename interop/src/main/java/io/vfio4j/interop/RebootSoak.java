// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.testkit.ProcessUsage;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/** Reboots guests against one server and watches the server's resources. QEMU is killed and restarted at times. */
final class RebootSoak {

  private static final String DEVICE = "0000:01:00.0";
  private static final int DMA = 1 << 20;
  private static final int INTERRUPTS = 20;
  private static final int KILL_EVERY = 8;
  /** Permitted growth of the JVM; one leaked mapping of a guest's memory would exceed it. */
  private static final long ALLOWED_KIB = 32 << 10;

  private record Sample(long seconds, int reboots, int kills, ProcessUsage usage) {
  }

  private final GuestEnvironment environment;
  private final PrintStream out;
  private final List<Sample> samples = new ArrayList<>();
  private int reboots;
  private int kills;

  private RebootSoak(GuestEnvironment environment, PrintStream out) {
    this.environment = environment;
    this.out = out;
  }

  /**
   * Runs the soak test and writes its results to a file beside the cache.
   *
   * @return whether no resources leaked
   */
  static boolean run(Path cache, Duration duration)
      throws UnavailableException, IOException, InterruptedException {
    LocalDateTime begun = LocalDateTime.now(ZoneOffset.UTC).truncatedTo(ChronoUnit.SECONDS);
    Path file = cache
        .resolveSibling("soak-" + begun.format(DateTimeFormatter.ofPattern("uuuu-MM-dd-HHmmss")) + ".md");
    Files.createDirectories(file.toAbsolutePath().getParent());
    try (GuestEnvironment environment = GuestEnvironment.open(cache);
        PrintStream out = new PrintStream(Files.newOutputStream(file), true,
            StandardCharsets.UTF_8)) {
      System.out.println("interop: writing " + file);
      out.printf("Soak of %d minutes, begun %s UTC; %d CPUs, Linux %s, Java %s%n%n", duration.toMinutes(),
          begun,
          Runtime.getRuntime().availableProcessors(), System.getProperty("os.version"), Runtime.version());
      boolean good = new RebootSoak(environment, out).run(duration);
      System.out.print(Files.readString(file));
      return good;
    }
  }

  private boolean run(Duration duration) throws UnavailableException, IOException, InterruptedException {
    ChildServer server = environment.serve("scratch", "--memory", "1m", "--mappable");
    GuestSettings settings = GuestSettings.DEFAULT.withDeviceBehindRootPort(server.socket())
        .withLifetime(duration.plus(Duration.ofMinutes(5)));
    out.println("| seconds | reboots | QEMU killed | descriptors | threads | resident KiB |");
    out.println("|---|---|---|---|---|---|");
    long begun = System.nanoTime();
    long nextSample = 0;
    Guest guest = environment.boot(settings);
    for (int cycle = 1; System.nanoTime() - begun < duration.toNanos(); cycle++) {
      exercise(guest);
      long seconds = (System.nanoTime() - begun) / 1_000_000_000;
      // Sampled at the same point of each cycle, with the guest running.
      if (seconds >= nextSample) {
        sample(seconds, server);
        nextSample = seconds + 30;
      }
      if (cycle % KILL_EVERY == 0) {
        guest.kill();
        guest = environment.boot(settings);
        kills++;
      } else {
        guest.reboot();
        reboots++;
      }
    }
    exercise(guest);
    sample((System.nanoTime() - begun) / 1_000_000_000, server);
    return isWithinLimits(server);
  }

  private static void exercise(Guest guest) throws IOException, InterruptedException {
    GuestFunction function = guest.function(DEVICE);
    function.enable();
    function.checkDma(DMA);
    function.bind("uio_pci_generic");
    ScratchInterrupts.raise(function, INTERRUPTS);
    function.unbind();
    function.reset();
  }

  private void sample(long seconds, ChildServer server) throws IOException {
    Sample sample = new Sample(seconds, reboots, kills, ProcessUsage.of(server.pid()));
    samples.add(sample);
    out.printf("| %d | %d | %d | %d | %d | %,d |%n", sample.seconds, sample.reboots, sample.kills,
        sample.usage.fds(), sample.usage.threads(), sample.usage.residentKiB());
  }

  /** Compares the end with the usage after a quarter of the time, when code has been compiled. */
  private boolean isWithinLimits(ChildServer server) {
    ProcessUsage early = samples.get(samples.size() / 4).usage;
    ProcessUsage late = samples.getLast().usage;
    boolean good = late.fds() <= early.fds() && late.threads() <= early.threads()
        && late.residentKiB() <= early.residentKiB() + ALLOWED_KIB;
    out.printf("%n%s: %d reboots, QEMU killed %d times, %d lines from the server%n",
        good ? "No leak" : "LEAK", reboots, kills, server.stderrLines().size());
    return good;
  }
}
