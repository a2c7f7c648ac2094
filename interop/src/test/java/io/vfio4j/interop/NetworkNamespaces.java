// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Two hosts, from the network's point of view: namespaces <em>a</em> and <em>b</em> with a veth pair between them,
 * and a veth pair from each to this machine, for a proxy in between. Requires root and ip.
 */
final class NetworkNamespaces {

  static final String A_TO_B = "10.213.0.1";
  static final String B_TO_A = "10.213.0.2";
  /** The address of the proxy: this machine's end of the pair to a. */
  static final String PROXY_FOR_A = "10.213.1.1";
  /** The address of b for the proxy. */
  static final String B_FOR_PROXY = "10.213.2.2";

  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  private final Path folder;
  private final String a;
  private final String b;

  private NetworkNamespaces(Path folder, String a, String b) {
    this.folder = folder;
    this.a = a;
    this.b = b;
  }

  /** Creates both namespaces. */
  static NetworkNamespaces create(Path folder) throws IOException, InterruptedException {
    String id = Long.toString(ProcessHandle.current().pid(), Character.MAX_RADIX);
    NetworkNamespaces hosts = new NetworkNamespaces(folder, "v4ja" + id, "v4jb" + id);
    try {
      hosts.ip("netns", "add", hosts.a);
      hosts.ip("netns", "add", hosts.b);
      hosts.addLink("va" + id, hosts.a, A_TO_B, "vb" + id, hosts.b, B_TO_A);
      hosts.addLinkToHost("vc" + id, PROXY_FOR_A, "vd" + id, hosts.a, "10.213.1.2");
      hosts.addLinkToHost("ve" + id, "10.213.2.1", "vf" + id, hosts.b, B_FOR_PROXY);
      return hosts;
    } catch (IOException | InterruptedException | RuntimeException e) {
      hosts.delete();
      throw e;
    }
  }

  private void addLink(String one, String inOne, String address, String other, String inOther,
      String otherAddress)
      throws IOException, InterruptedException {
    ip("link", "add", one, "netns", inOne, "type", "veth", "peer", "name", other, "netns", inOther);
    setUp(inOne, one, address);
    setUp(inOther, other, otherAddress);
  }

  private void addLinkToHost(String here, String address, String there, String in, String otherAddress)
      throws IOException, InterruptedException {
    ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", in);
    ip("address", "add", address + "/24", "dev", here);
    ip("link", "set", here, "up");
    setUp(in, there, otherAddress);
  }

  private void setUp(String in, String link, String address) throws IOException, InterruptedException {
    ip("-n", in, "address", "add", address + "/24", "dev", link);
    ip("-n", in, "link", "set", link, "up");
    ip("-n", in, "link", "set", "lo", "up");
  }

  private void ip(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(arguments));
    ToolProcess.run(TIMEOUT, folder, command);
  }

  /** Returns the prefix of a command that runs on host a. */
  List<String> onA() {
    return List.of("ip", "netns", "exec", a);
  }

  List<String> onB() {
    return List.of("ip", "netns", "exec", b);
  }

  /** Deletes both namespaces, and with them their links. */
  void delete() throws IOException, InterruptedException {
    IOException failure = null;
    for (String namespace : List.of(a, b)) {
      try {
        ip("netns", "delete", namespace);
      } catch (IOException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
