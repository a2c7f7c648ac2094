// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.cli.CommandFailure;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.TargetReport;
import io.vfio4j.jfr.JfrListener;
import java.util.List;

/** All that watches the migration of a command, until the command ends. */
public final class Watching implements MigrationListener, AutoCloseable {

  private final List<Watcher> watchers;
  private final JfrListener jfr = new JfrListener();

  Watching(List<Watcher> watchers) {
    this.watchers = List.copyOf(watchers);
  }

  @Override
  public void on(MigrationEvent event) {
    jfr.on(event);
    watchers.forEach(watcher -> watcher.on(event));
  }

  /** Returns a listener after which all that watches hears of an event too. */
  public MigrationListener after(MigrationListener first) {
    return event -> {
      first.on(event);
      on(event);
    };
  }

  /** The source's side is done. */
  public void moved(MigrationReport report) {
    jfr.close();
    watchers.forEach(watcher -> watcher.moved(report));
  }

  /** The target's side is done. */
  public void received(TargetReport report) {
    jfr.close();
    watchers.forEach(watcher -> watcher.received(report));
  }

  /** The migration failed; returns what the command says. */
  public CommandFailure failed(MigrationException cause, CommandFailure failure) {
    jfr.close();
    watchers.forEach(watcher -> watcher.failed(cause, failure));
    return failure;
  }

  /** Ends watching. */
  @Override
  public void close() {
    jfr.close();
    watchers.forEach(Watcher::close);
  }
}
