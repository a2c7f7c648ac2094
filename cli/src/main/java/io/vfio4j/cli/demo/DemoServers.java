// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import java.nio.file.Path;

/** The device servers of the demonstration, processes of their own. */
interface DemoServers extends AutoCloseable {

  /** Returns the socket of the server that has the device at first. */
  Path source();

  /** Returns the socket of the server that it moves to. */
  Path target();

  @Override
  void close();
}
