// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.cli.base.ChildServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Device servers in separate processes, started and stopped concurrently. */
final class DemoServers implements AutoCloseable {

  private final List<ChildServer> servers;

  private DemoServers(List<ChildServer> servers) {
    this.servers = servers;
  }

  /**
   * Starts the servers and waits until all listen.
   *
   * @param commands the arguments of each, as {@link ChildServer#start} takes them
   */
  static DemoServers start(List<List<String>> commands) throws IOException, InterruptedException {
    List<Future<ChildServer>> starts;
    try (ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().factory())) {
      starts = commands.stream()
          .map(command -> threads.submit((Callable<ChildServer>) () -> ChildServer.start(command))).toList();
    }
    DemoServers started = new DemoServers(starts.stream()
        .filter(start -> start.state() == Future.State.SUCCESS).map(Future::resultNow).toList());
    if (Thread.interrupted()) {
      started.close();
      throw new InterruptedException("interrupted while device servers started");
    }
    for (Future<ChildServer> start : starts) {
      if (start.state() == Future.State.FAILED) {
        started.close();
        Throwable failure = start.exceptionNow();
        throw new IOException(failure.getMessage(), failure);
      }
    }
    return started;
  }

  List<Path> sockets() {
    return servers.stream().map(ChildServer::socket).toList();
  }

  List<Long> pids() {
    return servers.stream().map(ChildServer::pid).toList();
  }

  @Override
  public void close() {
    try (ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().factory())) {
      servers.forEach(server -> threads.execute(server::close));
    }
  }
}
