//! Valid files with bytes changed, cut, doubled and overwritten: every parser answers and none
//! panics. The same entries are fuzzed for longer in `fuzz/`.

use std::path::Path;

use gazenlq::gaze::recording::{self, LoadContext};
use gazenlq::gaze::{Prediction, detect_fixations};
use gazenlq::job::JobCtx;
use gazenlq::nn::npy::parse_npy;
use gazenlq::nn::{onnx, torch_file};
use gazenlq::project::exchange::{self, ExchangeFormat};
use gazenlq::project::{
    self, AnnotatedClip, AnnotatedQuery, AnnotationFile, Project, Workspace, file, journal_path,
    parse_journal, recognise,
};
use gazenlq::time::MediaTime;
use proptest::prelude::*;

/// One change of a file. Positions are fractions of its length in 1/65536.
#[derive(Clone, Debug)]
enum Edit {
    Set(u16, u8),
    Flip(u16, u8),
    Cut(u16, u16),
    Insert(u16, Vec<u8>),
    Repeat(u16, u8),
    End(u16),
}

fn edit() -> impl Strategy<Value = Edit> {
    // numbers and separators that parsers trip over
    let phrase = prop_oneof![
        proptest::collection::vec(any::<u8>(), 1..12),
        proptest::sample::select(vec![
            "NaN",
            "-1",
            "1e400",
            "9223372036854775807",
            "18446744073709551615",
            "-9223372036854775808",
            ",",
            "\"",
            "\n",
            "\r\n",
            "\0",
            "[",
            "{",
            "\u{feff}",
            "1e-320",
            "00:99:99:99",
        ])
        .prop_map(|t| t.as_bytes().to_vec()),
        proptest::sample::select(vec![[0xffu8; 8], [0x7f; 8], [0; 8], [0x80; 8]]).prop_map(|b| b.to_vec()),
    ];
    prop_oneof![
        3 => (any::<u16>(), any::<u8>()).prop_map(|(at, v)| Edit::Set(at, v)),
        3 => (any::<u16>(), 0u8..8).prop_map(|(at, bit)| Edit::Flip(at, bit)),
        1 => (any::<u16>(), 0u16..4000).prop_map(|(at, n)| Edit::Cut(at, n)),
        3 => (any::<u16>(), phrase).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        1 => (any::<u16>(), 1u8..6).prop_map(|(at, times)| Edit::Repeat(at, times)),
        1 => any::<u16>().prop_map(Edit::End),
    ]
}

fn apply(seed: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for edit in edits {
        let at = |share: u16| bytes.len() * usize::from(share) / 65_536;
        match edit {
            Edit::Set(share, value) => {
                let at = at(*share);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = *value;
                }
            }
            Edit::Flip(share, bit) => {
                let at = at(*share);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
            Edit::Cut(share, count) => {
                let (from, length) = (at(*share), usize::from(*count) * bytes.len() / 65_536);
                bytes.drain(from..(from + length).min(bytes.len()));
            }
            Edit::Insert(share, phrase) => {
                let at = at(*share);
                bytes.splice(at..at, phrase.iter().copied());
            }
            Edit::Repeat(share, times) => {
                let tail = bytes[at(*share)..].to_vec();
                (0..*times).for_each(|_| bytes.extend_from_slice(&tail[..tail.len().min(4096)]));
            }
            Edit::End(share) => bytes.truncate(at(*share)),
        }
    }
    bytes
}

fn gaze_tables() -> Vec<&'static str> {
    vec![
        "component_idx,component_timestamp_s,canonical_timestamp_s,world_index,confidence,norm_pos_x,norm_pos_y\n\
         0,0.0,0.0,7311.0,1.0,0.5120,0.4010\n0,0.0041,0.0041,7311.0,1.0,0.5131,0.4022\n0,0.0162,0.0162,7311.0,0.98,1.0342,0.3998\n",
        "gaze_timestamp,world_index,confidence,norm_pos_x,norm_pos_y,base_data\n\
         71234.501822,0,0.97,0.4821,0.6112,a\n71234.505990,0,0.31,0.9033,0.1200,b\n",
        "section id,recording id,timestamp [ns],gaze x [px],gaze y [px],worn,fixation id,blink id\n\
         a,b,1712345678901234567,812.441,603.020,1.0,17,\na,b,1712345678906234567,1655.300,590.112,1.0,,\n",
        "frame,x,y,gaze_type\n0,0.5,0.5,0\n1,0.5,0.6,1\n2,0,0,3\n",
        "frame_num,x,y\n0,700,700\n1,701,702\n",
        "timestamp_ns,x,y\n5000000000,700,700\n5033000000,701,702\n",
        "timestamp\tframe_idx\tconfidence\tnorm_pos_x\tnorm_pos_y\n92458.2450\t0\t1.0\t0.51\t0.05\n92478.2\t0\t1.0\t0.51\t0.05\n",
        "t;x;y\n0;0.5;0.5\n0.1;0.5;0.5\n",
        "tracking_timestamp_us,yaw_rads_cpf,pitch_rads_cpf,depth_m\n87551170907,0.069,-0.6,0\n87551204235,0.12,-0.55,0.5\n",
        "tracking_timestamp_us,left_yaw_rads_cpf,right_yaw_rads_cpf,pitch_rads_cpf,depth_m\n87551170907,0.05,0.08,-0.6,0.5\n",
        "## [BeGaze]\n## Number of Samples:\t2\nTime\tType\tTrial\tX\tY\tFrame\tEvent\n1\tSMP\t1\t655.60\t465.10\t0\tFixation\n2\tSMP\t1\t655.60\t465.10\t1\tBlink\n",
        "## [BeGaze]\n## Number of Samples:\t1\nTime\tX\n1000000 SMP 1 0 0 613.66 478.50 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 00:00:00:00 Fixation\n",
    ]
}

const WORLD: &str = "section id,recording id,timestamp [ns]\na,b,1712345678901234567\na,b,1712345678934234567\na,b,1712345678967234567\n";
const SCENE_CAMERA: &str = r#"{"camera_matrix":[[890,0,800],[0,891,600],[0,0,1]],"distortion_coefficients":[[-0.1,0.2,0,0,0,0,0,0]]}"#;
const ARIA: &str = r#"{"ImageSizes":[[1408,1408]],"CameraCalibrations":[{"Label":"camera-rgb","Projection":{"Name":"FisheyeRadTanThinPrism","Params":[611,704,704,0.4,-0.5,0.2,1.1,-1.7,0.6,0.001,0,0,0.0002,-0.0006,0]},"T_Device_Camera":{"Translation":[-0.004,-0.012,-0.005],"UnitQuaternion":[0.944,[0.324,0.04,0.041]]}}]}"#;

/// Loads what is at `path` every way there is and uses the result.
fn read_gaze(path: &Path) {
    let times: Vec<MediaTime> = (0..4).map(|i| MediaTime::from_millis(i * 33)).collect();
    let with_clip = LoadContext {
        display_size: Some([1600, 1200]),
        frame_times: Some(&times),
        duration: Some(MediaTime::from_millis(133)),
        video: Some(Path::new("a-F000000-F000003.mp4")),
        mapping: None,
    };
    for context in [LoadContext::default(), with_clip] {
        if let Ok(loaded) = recording::load(path, &context, &JobCtx::detached()) {
            let track = loaded.track;
            let _ = (track.at(MediaTime::ZERO), track.invalid_spans(), detect_fixations(&track));
            let _ = track.frame_labels(&times);
            let _ = track.shifted(MediaTime::MAX);
        }
    }
    let _ = (recording::sniff(path), recording::unknown_table(path));
}

fn write(dir: &Path, name: &str, bytes: &[u8]) {
    std::fs::write(dir.join(name), bytes).unwrap();
}

/// A state dict of one 2x2 tensor, as `torch.save` writes it.
fn torch_pickle() -> Vec<u8> {
    let mut p = b"\x80\x02}q\x00X\x01\x00\x00\x00wq\x01ctorch._utils\n_rebuild_tensor_v2\nq\x02(".to_vec();
    p.extend(b"(X\x07\x00\x00\x00storageq\x03ctorch\nFloatStorage\nq\x04X\x01\x00\x00\x000q\x05X\x03\x00\x00\x00cpuq\x06K\x04tq\x07Q");
    p.extend(b"K\x00K\x02K\x02\x86q\x08K\x02K\x01\x86q\x09\x89ccollections\nOrderedDict\nq\x0a)Rq\x0btq\x0cRq\x0ds.");
    p
}

fn torch_zip() -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in [("a/data.pkl", torch_pickle()), ("a/data/0", vec![0; 16])] {
        zip.start_file(name, stored).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn torch_stream() -> Vec<u8> {
    let mut bytes =
        b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}q\x00."
            .to_vec();
    bytes.extend(torch_pickle());
    bytes.extend(b"\x80\x02]q\x00X\x01\x00\x00\x000q\x01a.");
    bytes.extend(4i64.to_le_bytes().into_iter().chain([0; 16]));
    bytes
}

/// A graph with an inline and an external tensor and one node.
fn onnx_model() -> Vec<u8> {
    let field = |number: u8, content: &[u8]| [&[number << 3 | 2, content.len() as u8], content].concat();
    let inline = [&[8, 2, 16, 3][..], &field(8, b"q"), &field(9, &[1, 0xff])].concat();
    let entry = |key: &[u8], value: &[u8]| field(13, &[field(1, key), field(2, value)].concat());
    let outside =
        [&[8, 1, 16, 1][..], &field(8, b"w"), &entry(b"offset", b"4"), &entry(b"length", b"4")].concat();
    let node = [field(1, b"x"), field(1, b"q"), field(2, b"y"), field(4, b"MatMul")].concat();
    field(7, &[field(1, &node), field(5, &inline), field(5, &outside)].concat())
}

fn npy() -> Vec<u8> {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }\n";
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes().iter().chain(header.as_bytes()));
    bytes.extend([0; 8]);
    bytes
}

/// A VRS file with the calibration as a tag, and two RGB pictures.
fn vrs() -> Vec<u8> {
    let description =
        [b"\x0a\0\0\0calib_json", &(ARIA.len() as u32).to_le_bytes()[..], ARIA.as_bytes()].concat();
    let mut bytes = b"VisionRe\xa0CC\xa1\n\xc7q\x17".to_vec();
    bytes.extend(80u32.to_le_bytes().into_iter().chain(32u32.to_le_bytes()));
    for offset in [0, 80, 80 + description.len() as i64] {
        bytes.extend(offset.to_le_bytes());
    }
    bytes.resize(80, 0);
    bytes.extend(&description);
    for secs in [87551.170813262f64, 87551.2041523] {
        let mut header = [0; 32];
        header[..4].copy_from_slice(&40u32.to_le_bytes());
        header[8..12].copy_from_slice(&214i32.to_le_bytes());
        header[16..24].copy_from_slice(&secs.to_le_bytes());
        (header[24], header[26]) = (1, 3);
        bytes.extend(header.into_iter().chain([0; 8]));
    }
    bytes
}

/// A clip with questions for every exchange format.
fn annotated() -> Vec<AnnotatedClip> {
    let query = |query_idx, windows| AnnotatedQuery {
        annotation_uid: "a".into(),
        query_idx,
        text: "Where is <it> & why?".into(),
        template: Some("t".into()),
        windows,
        ..AnnotatedQuery::default()
    };
    let queries = vec![query(0, vec![[1.5, 2.0], [1.75, 3.0]]), query(1, vec![])];
    vec![AnnotatedClip {
        clip_uid: "c".into(),
        duration_secs: Some(9.0),
        queries,
        ..AnnotatedClip::default()
    }]
}

#[test]
fn the_seeds_are_valid() {
    for format in ExchangeFormat::ALL {
        let text = exchange::write(&annotated(), format);
        assert_eq!(exchange::parse(text.as_bytes(), format, "c").unwrap()[0].queries.len(), 2, "{text}");
    }
    let tensors = |bytes: &[u8]| torch_file::from_bytes(bytes).unwrap()["w"].dims().to_vec();
    assert_eq!(tensors(&torch_zip()), [2, 2]);
    assert_eq!(tensors(&torch_stream()), [2, 2]);
    assert_eq!(onnx::read(&onnx_model(), &[0; 8]).unwrap().initializers.len(), 2);
    assert_eq!(parse_npy(&npy()).unwrap().shape, [1, 2]);
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "rec.vrs", &vrs());
    let times: Vec<MediaTime> = (0..4).map(|i| MediaTime::from_millis(i * 33)).collect();
    let context =
        LoadContext { display_size: Some([1408, 1408]), frame_times: Some(&times), ..LoadContext::default() };
    for (i, table) in gaze_tables().into_iter().enumerate() {
        let path = dir.path().join(format!("{i}.csv"));
        std::fs::write(&path, table).unwrap();
        recording::load(&path, &context, &JobCtx::detached()).unwrap_or_else(|e| panic!("{table}\n{e}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn changed_gaze_tables_never_panic(
        table in proptest::sample::select(gaze_tables()),
        edits in proptest::collection::vec(edit(), 1..6),
        beside in proptest::collection::vec(edit(), 0..4),
    ) {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "gaze.csv", &apply(table.as_bytes(), &edits));
        write(dir.path(), "world_timestamps.csv", &apply(WORLD.as_bytes(), &beside));
        write(dir.path(), "scene_camera.json", &apply(SCENE_CAMERA.as_bytes(), &beside));
        write(dir.path(), "export_info.csv", &apply(b"key,value\nFrame Index Range:,2 - 9\n", &beside));
        write(dir.path(), "rec.vrs", &apply(&vrs(), &beside));
        read_gaze(&dir.path().join("gaze.csv"));
        let _ = recognise(&[dir.path().to_path_buf()]);
        // without the lists beside it, other rules apply
        std::fs::remove_file(dir.path().join("world_timestamps.csv")).unwrap();
        write(dir.path(), "online_calibration.jsonl", &apply(ARIA.as_bytes(), &beside));
        read_gaze(&dir.path().join("gaze.csv"));
    }

    #[test]
    fn changed_neon_recordings_never_panic(
        raw in proptest::collection::vec(edit(), 0..4),
        time in proptest::collection::vec(edit(), 0..4),
        clock in proptest::collection::vec(edit(), 0..4),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let stamps: Vec<u8> = (0..8i64).flat_map(|i| (1_728_546_105_870_000_000 + i * 5_000_000).to_le_bytes()).collect();
        let gaze: Vec<u8> = (0..8).flat_map(|i| [800.0f32 + i as f32, 600.0]).flat_map(f32::to_le_bytes).collect();
        write(dir.path(), "info.json", b"{}");
        write(dir.path(), "gaze ps1.raw", &apply(&gaze, &raw));
        write(dir.path(), "gaze ps1.time", &apply(&stamps, &time));
        write(dir.path(), "worn ps1.raw", &apply(&[255; 8], &raw));
        write(dir.path(), "Neon Scene Camera v1 ps1.time", &apply(&stamps, &clock));
        write(dir.path(), "calibration.bin", &apply(&[7; 803], &clock));
        read_gaze(dir.path());
    }

    #[test]
    fn changed_weights_never_panic(
        torch in proptest::sample::select(vec![torch_zip(), torch_stream(), torch_pickle()]),
        edits in proptest::collection::vec(edit(), 1..6),
    ) {
        let _ = torch_file::from_bytes(&apply(&torch, &edits));
        let _ = onnx::read(&apply(&onnx_model(), &edits), &[0; 8]);
        let _ = parse_npy(&apply(&npy(), &edits));
    }

    #[test]
    fn changed_predictions_and_annotations_never_panic(edits in proptest::collection::vec(edit(), 1..6)) {
        let json = br#"{"videos":[{"video_uid":"v","clips":[{"clip_uid":"c","annotations":[{"annotation_uid":"a","language_queries":[{"query":"Where is X?","clip_start_sec":1.5,"clip_end_sec":2}]}]}]}]}"#;
        let _ = AnnotationFile::parse(&apply(json, &edits));
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "p.npy", &apply(&npy(), &edits));
        let _ = Prediction::load(&dir.path().join("p.npy"), &LoadContext::default(), &JobCtx::detached());
    }

    #[test]
    fn changed_annotations_of_other_programs_never_panic(edits in proptest::collection::vec(edit(), 1..6)) {
        for format in ExchangeFormat::ALL {
            let bytes = apply(exchange::write(&annotated(), format).as_bytes(), &edits);
            let _ = exchange::parse(&bytes, format, "c");
            if let Some(found) = ExchangeFormat::of(&bytes) {
                let _ = exchange::parse(&bytes, found, "c");
            }
        }
    }

    /// Whatever happened to a project and the record beside it, opening answers.
    #[test]
    fn changed_projects_and_records_never_panic(
        saved in proptest::collection::vec(edit(), 0..3), record in proptest::collection::vec(edit(), 0..4)
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.json");
        let mut work = Workspace::in_memory(Project::new("ann"));
        work.save_as(&path).unwrap();
        for query in exchange::queries_of(&[annotated()[0].clone()], "ann") {
            work.apply(project::Edit::AddQuery(query)).unwrap();
        }
        work.undo().unwrap();
        drop(work);
        let bytes = apply(&std::fs::read(journal_path(&path)).unwrap(), &record);
        let _ = parse_journal(&bytes);
        std::fs::write(journal_path(&path), bytes).unwrap();
        write(dir.path(), "p.json", &apply(&std::fs::read(&path).unwrap(), &saved));
        let _ = file::load(&path);
        if let Ok((mut work, Some(recovery))) = Workspace::open(&path) {
            work.recover(recovery).unwrap();
            work.undo().unwrap();
        }
    }
}
