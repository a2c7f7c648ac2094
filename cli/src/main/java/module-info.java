// SPDX-License-Identifier: Apache-2.0
/** The vfio4j command line. */
module io.vfio4j.cli {
  requires static org.jspecify;
  requires io.vfio4j.model;
  requires io.vfio4j.linux;
  requires io.vfio4j.vfiouser;
  requires io.vfio4j.devices;
  requires io.vfio4j.engine;
  requires io.vfio4j.conformance;
  requires io.vfio4j.jfr;
  requires com.google.gson;
  requires info.picocli;
  requires java.net.http; // Workloads that are paused over HTTP.
  requires jdk.httpserver; // Metrics.
  requires java.management; // The arguments of this JVM, for child processes.
  // Needed by Bouncy Castle: a layer defined at run time cannot resolve more modules of the JDK, see OnDemandModules.
  requires java.logging;
  requires java.naming;
  requires java.sql;

  // Devices that can be served: those of io.vfio4j.devices, and of any other module on the module path.
  uses io.vfio4j.devices.DeviceProvider;

  // Provided by modules that are loaded on demand (OnDemandModules).
  uses io.vfio4j.engine.codec.Codec;
  uses java.util.spi.ToolProvider;

  opens io.vfio4j.cli to info.picocli;
  opens io.vfio4j.cli.base to info.picocli;
  opens io.vfio4j.cli.conform to info.picocli;
  opens io.vfio4j.cli.demo to info.picocli;
  opens io.vfio4j.cli.device to info.picocli;
  opens io.vfio4j.cli.handover to info.picocli;
  opens io.vfio4j.cli.inspect to info.picocli;
  opens io.vfio4j.cli.migrate to info.picocli;
  opens io.vfio4j.cli.peer to info.picocli;
  opens io.vfio4j.cli.probe to info.picocli;
  opens io.vfio4j.cli.recover to info.picocli;
  opens io.vfio4j.cli.serve to info.picocli;
  opens io.vfio4j.cli.simulate to info.picocli;
  opens io.vfio4j.cli.states to info.picocli;
  opens io.vfio4j.cli.watch to info.picocli;
}
