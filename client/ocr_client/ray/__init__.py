"""Archives on Ray: `ocr archive` reads folders and object stores into Parquet, on all nodes of a cluster.

| module       | what is in it                                                                  |
|--------------|--------------------------------------------------------------------------------|
| storage      | files in folders and object stores, written whole or not at all                 |
| columns      | the Parquet columns, a row for each page                                        |
| parts        | what an archive consists of, and what is in it already                          |
| reading      | what every task does: files of a part → its pages                               |
| archive      | a run: the plan, and the stage of Ray Data                                      |
| node_servers | servers on the nodes, where there are none                                      |
| keeper       | ends such a server with whoever has started it                                  |
"""
