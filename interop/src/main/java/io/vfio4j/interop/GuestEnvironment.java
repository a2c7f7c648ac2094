// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import io.vfio4j.cli.base.ChildServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** The owner of guests and servers: it stops them all, and collects their last output. */
public final class GuestEnvironment implements AutoCloseable {

  private static final int TAIL_LINES = 20;

  private final GuestKit kit;
  private final Path folder;
  private final Map<GuestKernel, Path> initramfs = new EnumMap<>(GuestKernel.class);
  private final List<ChildServer> servers = new ArrayList<>();
  private final List<Guest> guests = new ArrayList<>();
  private int names;

  private GuestEnvironment(GuestKit kit, Path folder) {
    this.kit = kit;
    this.folder = folder;
  }

  /**
   * Opens an environment.
   *
   * @param cache the folder of the cached kit
   * @throws UnavailableException if this machine cannot run guests
   */
  public static GuestEnvironment open(Path cache)
      throws UnavailableException, IOException, InterruptedException {
    GuestKit kit = GuestKit.in(cache);
    // In the folder for temporary files, because the path of a socket is limited to 107 bytes.
    return new GuestEnvironment(kit, Files.createTempDirectory("vfio4j-interop"));
  }

  /**
   * Starts a server process.
   *
   * @param device the device, such as {@code scratch}
   * @param options additional options of the command
   */
  public ChildServer serve(String device, String... options) throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(
        List.of("serve", device, "--socket", folder.resolve(++names + ".sock").toString()));
    arguments.addAll(List.of(options));
    ChildServer server = ChildServer.start(arguments);
    servers.add(server);
    return server;
  }

  /** Starts a server process with a control socket. */
  ControlledServer serveControlled(String device, String... options)
      throws IOException, InterruptedException {
    Path control = folder.resolve(++names + ".control");
    List<String> all = new ArrayList<>(List.of("--control", control.toString()));
    all.addAll(List.of(options));
    return new ControlledServer(serve(device, all.toArray(String[]::new)), control);
  }

  /** Starts a server process with a control socket, whose classes a folder replaces. */
  ControlledServer servePatched(Path classes, String device, String... options)
      throws IOException, InterruptedException {
    Path control = folder.resolve(++names + ".control");
    List<String> arguments = new ArrayList<>(List.of("serve", device, "--socket",
        folder.resolve(names + ".sock").toString(), "--control", control.toString()));
    arguments.addAll(List.of(options));
    ChildServer server = ChildServer.startWithPrefix(
        List.of("env", "JDK_JAVA_OPTIONS=--patch-module=io.vfio4j.vfiouser=" + classes), arguments);
    servers.add(server);
    return new ControlledServer(server, control);
  }

  /** Starts a guest and waits until it accepts commands. */
  public Guest boot(GuestSettings settings) throws UnavailableException, IOException, InterruptedException {
    Path file = initramfs.get(settings.flavour());
    if (file == null) {
      file = Initramfs.create(kit, settings.flavour(), folder);
      initramfs.put(settings.flavour(), file);
    }
    return start(settings.qemuArguments(kit.kernel(settings.flavour()), file));
  }

  /** Starts a guest with a kernel other than the kit's and waits until it accepts commands. */
  Guest start(QemuArguments machine) throws IOException, InterruptedException {
    Guest guest = Guest.start(kit, machine, folder, "guest" + ++names);
    guests.add(guest);
    return guest;
  }

  GuestKit kit() {
    return kit;
  }

  Path folder() {
    return folder;
  }

  /** Returns the last output of the guests' kernels, of QEMU and of the servers. */
  public String tails() throws IOException {
    StringBuilder text = new StringBuilder();
    for (Guest guest : guests) {
      text.append("--- ").append(guest).append(System.lineSeparator()).append(guest.tail())
          .append(System.lineSeparator());
    }
    for (ChildServer server : servers) {
      List<String> errors = server.stderrLines();
      text.append("--- server ").append(server.socket()).append(System.lineSeparator());
      errors.subList(Math.max(0, errors.size() - TAIL_LINES), errors.size())
          .forEach(line -> text.append(line).append(System.lineSeparator()));
    }
    return text.toString();
  }

  /** Stops guests and servers, and deletes their files. */
  @Override
  public void close() throws IOException {
    guests.forEach(Guest::close);
    servers.forEach(ChildServer::close);
    FolderCache.delete(folder);
  }
}
