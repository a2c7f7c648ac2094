// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.SequenceInputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A running guest, which executes commands received through a serial port. */
public final class Guest implements AutoCloseable {

  private static final Duration START_TIMEOUT = Duration.ofMinutes(3);
  private static final Duration COMMAND_TIMEOUT = Duration.ofMinutes(2);
  private static final String READY = "@ready ";
  private static final String EXIT = "@exit ";
  private static final String EXITED = "@gone";
  private static final int TAIL_LINES = 40;

  /**
   * The result of a command.
   *
   * @param status its exit status
   * @param output the lines that it printed
   */
  public record CommandResult(int status, List<String> output) {
  }

  private final GuestKit kit;
  private final QemuArguments machine;
  private final Path folder;
  private final String name;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  /** All that have run the guest, and those that are to run it. */
  private final List<QemuProcess> processes = new CopyOnWriteArrayList<>();
  /** The output of processes that the reader has not come to. */
  private final Queue<InputStream> outputs = new ConcurrentLinkedQueue<>();
  private QemuProcess current;
  private Writer input;
  private int commands;

  private Guest(GuestKit kit, QemuArguments machine, Path folder, String name) throws IOException {
    this.kit = kit;
    this.machine = machine;
    this.folder = folder;
    this.name = name;
    current = QemuProcess.start(kit, machine, folder, name);
    processes.add(current);
    outputs.add(current.process().getInputStream());
    input = current.process().outputWriter(StandardCharsets.UTF_8);
    Thread thread = new Thread(this::readLines, "guest-lines");
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Starts a guest and waits until it accepts commands.
   *
   * @param kit the kit with QEMU
   * @param machine the arguments of QEMU
   * @param folder the folder for the output of the guest and of QEMU
   * @param name of the guest, for file names
   * @throws GuestException if it does not get to accepting commands
   */
  static Guest start(GuestKit kit, QemuArguments machine, Path folder, String name)
      throws IOException, InterruptedException {
    Guest guest = new Guest(kit, machine, folder, name);
    try {
      guest.awaitReady();
      return guest;
    } catch (IOException | InterruptedException | RuntimeException e) {
      guest.close();
      throw e;
    }
  }

  /** Returns the process of QEMU that runs the guest. */
  QemuProcess qemu() {
    return current;
  }

  /** Starts another QEMU with the same machine, which waits for the guest to migrate to it. */
  QemuProcess startSuccessor() throws IOException {
    QemuProcess successor = QemuProcess.start(kit, machine, folder, "%s-%d".formatted(name, processes.size()),
        "-incoming", "defer", "-S");
    processes.add(successor);
    return successor;
  }

  /**
   * Takes the guest's serial port from another process from now on. What the previous process has put out is read
   * first, up to its exit, so that a line may begin at one and end at the other.
   */
  void moveTo(QemuProcess successor) {
    current = successor;
    outputs.add(successor.process().getInputStream());
    input = successor.process().outputWriter(StandardCharsets.UTF_8);
  }

  @SuppressWarnings("JdkObsolete") // SequenceInputStream takes nothing else.
  private Enumeration<InputStream> outputsInOrder() {
    return new Enumeration<>() {
      @Override
      public boolean hasMoreElements() {
        return !outputs.isEmpty();
      }

      @Override
      public InputStream nextElement() {
        return outputs.remove();
      }
    };
  }

  private void readLines() {
    try (BufferedReader from = new BufferedReader(
        new InputStreamReader(new SequenceInputStream(outputsInOrder()), StandardCharsets.UTF_8))) {
      for (String line = from.readLine(); line != null; line = from.readLine()) {
        lines.add(line);
      }
    } catch (IOException e) {
      // QEMU has exited, which the next line reports.
    }
    lines.add(EXITED);
  }

  private void awaitReady() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
    String line;
    do {
      line = nextLine(deadline, "the start");
    } while (!line.startsWith(READY));
  }

  private String nextLine(long deadline, String what) throws IOException, InterruptedException {
    String line = lines.poll(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    if (line == null) {
      throw new GuestException("the guest does not respond: " + what + System.lineSeparator() + tail());
    }
    if (line.equals(EXITED)) {
      lines.add(EXITED);
      throw new GuestException("QEMU has exited: " + what + System.lineSeparator() + tail());
    }
    return line;
  }

  /**
   * Runs a command in the guest's shell.
   *
   * @param command a line for the shell
   * @return its exit status, standard output and standard error
   * @throws GuestException if the guest does not respond
   */
  public CommandResult run(String command) throws IOException, InterruptedException {
    List<String> output = new ArrayList<>();
    int status = run(command, COMMAND_TIMEOUT, output::add);
    return new CommandResult(status, output);
  }

  /**
   * Runs a long command in the guest's shell.
   *
   * @param command a line for the shell
   * @param timeout the timeout
   * @param output receives each line of its standard output and error
   * @return its exit status
   * @throws GuestException if the guest does not respond
   */
  public int run(String command, Duration timeout, Consumer<String> output)
      throws IOException, InterruptedException {
    String exit = EXIT + send(command) + " ";
    long deadline = System.nanoTime() + timeout.toNanos();
    String line = nextLine(deadline, command);
    while (!line.startsWith(exit)) {
      output.accept(line);
      line = nextLine(deadline, command);
    }
    return Integer.parseInt(line.substring(exit.length()).trim());
  }

  /**
   * Runs a command in the guest's shell that must succeed.
   *
   * @return its output
   * @throws GuestException if it fails, with its output
   */
  public List<String> runChecked(String command) throws IOException, InterruptedException {
    CommandResult outcome = run(command);
    if (outcome.status() != 0) {
      throw new GuestException("in the guest, %s: status %d, %s".formatted(command, outcome.status(),
          String.join(System.lineSeparator(), outcome.output())));
    }
    return outcome.output();
  }

  private int send(String command) throws IOException {
    int number = ++commands;
    input.write(number + " " + command + "\n");
    input.flush();
    return number;
  }

  /** Ends the load that another thread runs as a command ({@code load.c}). */
  void endLoad() throws IOException {
    input.write("x");
    input.flush();
  }

  /** Reboots the guest, while QEMU keeps running, and waits until it accepts commands again. */
  public void reboot() throws IOException, InterruptedException {
    send("reboot -f");
    awaitReady();
  }

  /** Returns a PCI function of the guest by its address, such as {@code 0000:01:00.0}. */
  public GuestFunction function(String address) {
    return new GuestFunction(this, address);
  }

  /** Kills QEMU with SIGKILL and waits for it to exit. */
  public void kill() {
    processes.forEach(QemuProcess::kill);
  }

  /** Returns QEMU's standard error so far. */
  public List<String> qemuErrors() throws IOException {
    return ToolProcess.tail(processes.stream().map(QemuProcess::errors).toList(), Integer.MAX_VALUE).lines()
        .toList();
  }

  /** Returns the last output of the kernel and of QEMU. */
  public String tail() throws IOException {
    StringBuilder text = new StringBuilder();
    for (QemuProcess process : processes) {
      text.append(process.tail(TAIL_LINES)).append(System.lineSeparator());
    }
    return text.toString();
  }

  @Override
  public void close() {
    kill();
  }

  @Override
  public String toString() {
    return "guest " + name;
  }
}
